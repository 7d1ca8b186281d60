"""What the EWS emulator itself can take: requests made of plain strings, nothing else.

    python -m bench.ews_raw SOURCE_PORT USER PASSWORD_FILE EWS_PORT ADDRESS TOKEN_FILE

Everything goes to the inbox; answers are looked at only for refusals. No product.
"""

from __future__ import annotations

from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from http.client import HTTPConnection

from bench.ews_clients import (
    BATCH,
    CONNECTIONS,
    EwsArguments,
    fetch_all,
    read_ews_arguments,
)
from bench.imap_wire import Fetched

_HEAD = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"'
    ' xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><s:Header>'
    '<t:RequestServerVersion Version="Exchange2010_SP2"/><t:ExchangeImpersonation>'
    "<t:ConnectingSID><t:PrimarySmtpAddress>{address}</t:PrimarySmtpAddress></t:ConnectingSID>"
    '</t:ExchangeImpersonation></s:Header><s:Body><m:CreateItem MessageDisposition="SaveOnly">'
    '<m:SavedItemFolderId><t:DistinguishedFolderId Id="inbox"/></m:SavedItemFolderId><m:Items>'
)
_ITEM = (
    "<t:Message><t:MimeContent>{content}</t:MimeContent>"
    '<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="0x0E06" PropertyType="SystemTime"/>'
    "<t:Value>{received}</t:Value></t:ExtendedProperty>"
    '<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="0x0E07" PropertyType="Integer"/>'
    "<t:Value>1</t:Value></t:ExtendedProperty></t:Message>"
)
_TAIL = "</m:Items></m:CreateItem></s:Body></s:Envelope>"


def _main() -> None:
    arguments = read_ews_arguments(_main.__doc__ or "")
    messages = [message for _, message in fetch_all(arguments.source)]
    batches = [messages[at : at + BATCH] for at in range(0, len(messages), BATCH)]
    shares = [batches[thread::CONNECTIONS] for thread in range(CONNECTIONS)]
    with ThreadPoolExecutor(CONNECTIONS) as threads:
        list(threads.map(lambda share: _send(arguments, share), filter(None, shares)))


def _send(arguments: EwsArguments, batches: list[list[Fetched]]) -> None:
    connection = HTTPConnection("127.0.0.1", arguments.port)
    headers = {
        "Authorization": f"Bearer {arguments.token}",
        "Content-Type": "text/xml; charset=utf-8",
    }
    for batch in batches:
        items = "".join(map(_item, batch))
        body = (_HEAD.format(address=arguments.address) + items + _TAIL).encode()
        connection.request("POST", arguments.path, body, headers)
        answer = connection.getresponse().read()
        if answer.count(b"NoError") != len(batch):
            raise SystemExit(f"refused: {answer[:500]!r}")
    connection.close()


def _item(message: Fetched) -> str:
    return _ITEM.format(
        content=b64encode(message.content).decode(),
        received=message.instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )


if __name__ == "__main__":
    _main()
