"""Moves a mail tenant to Amazon WorkMail.

Glossary

- tenant: an organization whose mail moves; one deployed stack each.
- manifest: users, groups, resources and permissions, as the administrator writes them. A user
  becomes a mailbox.
- run: one execution of the workflow. Pass: one walk over all mailboxes; the first is the full
  copy, later ones are delta passes that bring what arrived since.
- slice: the part of a pass that one Lambda invocation copies of one mailbox.
- batch: up to 200 messages or 20 MB, the unit of the commit protocol.
- source, target: where a mailbox is read and where it is written.
- cursor: the position in a source folder up to which everything is dealt with.
- intent: messages that are being appended. Mark: where the target folder ended before them.
- fence: a number that only grows; it cuts off workers that were thought dead.
- migration key: a digest of tenant, mailbox, folder, validity and uid, kept with the copy as a
  named property, so that the target can be asked what it has.
- fingerprint: a digest of a message's content, by which a copy is known again where no key is kept.
- audit: what became of each message, as files; remark: a message of which the report tells.
- groupware: calendars, address books, tasks and notes. Collection: one of these, with its items.
- loss: what of a calendar's item or a contact could not be kept, as a row of the report.
- quarantine: where messages are put that end their workers again and again.
- migration administrator: an impersonation role with access to all mailboxes.
- cut-over: the change of the MX records to WorkMail.

The data path: Source.page -> intent in the Ledger -> Source.fetch -> Target.append -> audit in the
BlobStore -> Ledger.advance; several batches are on it at once (copy/pipeline.py). Decisions are
pure functions; adapters (sources, targets, aws, wire) do the talking; wiring.py puts them together;
lambdas/<state>.py are the thin handlers that the state machine calls.
"""
