"""The templates and words of the users' guides: ours, and in their place what an operator has put
into the bucket below intake/client-templates/:

    page.html.j2  mail.html.j2  mail.txt.j2      Jinja2, given `guides` and `account`
    en.yaml  de.yaml  fr.yaml  es.yaml  ja.yaml  words, of which single keys are enough

All of it is read and tried out before anything is written or sent. What an operator writes runs in
Jinja's sandbox: whoever may change the files may not do what the function may.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from jinja2 import DictLoader, StrictUndefined, Template, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from migration.client_guides import PLACEHOLDERS, Texts, find_placeholders, make_guide
from migration.clients import Account, Servers, SignIn
from migration.errors import TenantMisconfigured
from migration.ports import BlobStore

FOLDER = "intake/client-templates/"
LANGUAGES = ("en", "de", "fr", "es", "ja")
PAGE, MAIL_HTML, MAIL_TEXT = "page.html.j2", "mail.html.j2", "mail.txt.j2"
TEMPLATES = (PAGE, MAIL_HTML, MAIL_TEXT)

_OURS = Path(__file__).parent / "client_texts"
_KNOWN = (*TEMPLATES, *(f"{language}.yaml" for language in LANGUAGES))
_SAMPLE = Account(
    mailbox_id="sample",
    name="Ann Sample",
    address="ann@sample.example",
    old_address="ann@old.example",
    web_user="ann",
    sign_in=SignIn.PASSWORD,
    servers=Servers("eu-west-1", "sample"),
)


@dataclass(frozen=True, slots=True)
class Rendered:
    """What one user gets."""

    page: str
    subject: str
    mail_html: str
    mail_text: str


class TemplateProblem(Exception):
    """A template failed; the message names file and line, and nothing of the user."""


class Kit:
    """Templates and words that have been tried out."""

    def __init__(self, texts: Mapping[str, Texts], sources: Mapping[str, str]) -> None:
        """`texts` by language, the first on top; TemplateProblem names what cannot be read."""
        self._texts = texts
        environment = ImmutableSandboxedEnvironment(
            loader=DictLoader(dict(sources)),
            autoescape=lambda name: name is not None and ".html" in name,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._templates = {name: _compile(environment, name) for name in TEMPLATES}

    def render(self, account: Account) -> Rendered:
        """Page and mail of a user; TemplateProblem."""
        guides = [make_guide(code, texts, account) for code, texts in self._texts.items()]
        page, html, text = (
            _render(self._templates[name], name, {"guides": guides, "account": account})
            for name in TEMPLATES
        )
        return Rendered(page, guides[0].subject, html, text)


def load_kit(blobs: BlobStore, languages: Sequence[str]) -> Kit:
    """The kit for these languages, with the operator's files. TenantMisconfigured names every
    problem, with file and line."""
    names = {key.removeprefix(FOLDER) for key in blobs.list(FOLDER)} - {""}
    strangers = sorted(names - set(_KNOWN))
    problems = [f"{FOLDER}{name} is no known file ({', '.join(_KNOWN)})" for name in strangers]
    given: dict[str, str] = {}
    for name in sorted(names & set(_KNOWN)):
        try:
            given[name] = blobs.get(FOLDER + name).decode("utf-8-sig")
        except UnicodeDecodeError:
            problems.append(f"{FOLDER}{name} is no UTF-8 text")
    texts: dict[str, Texts] = {}
    for language in languages:
        texts[language] = ours = read_texts(language)
        try:
            changes = _parse(given.get(f"{language}.yaml", ""))
        except TemplateProblem as problem:
            problems.append(f"{FOLDER}{language}.yaml{problem}")
            continue
        problems += [f"{FOLDER}{language}.yaml: {each}" for each in _find_faults(changes, ours)]
        texts[language] = {**ours, **changes}
    if problems:
        raise TenantMisconfigured(problems)
    sources = {name: given.get(name) or (_OURS / name).read_text("utf-8") for name in TEMPLATES}
    return _try_out(texts, sources)


def _try_out(texts: Mapping[str, Texts], sources: Mapping[str, str]) -> Kit:
    """Every template with every way to sign in, with and without a name."""
    try:
        kit = Kit(texts, sources)
        for sign_in in SignIn:
            for automatic in (True, False):
                kit.render(replace(_SAMPLE, sign_in=sign_in, automatic=automatic))
        kit.render(replace(_SAMPLE, name=""))
    except TemplateProblem as problem:
        raise TenantMisconfigured([f"{FOLDER}{problem}"]) from None
    return kit


def read_texts(language: str) -> Texts:
    """Our own words of a language."""
    return _parse((_OURS / f"{language}.yaml").read_text("utf-8"))


def _parse(text: str) -> Texts:
    try:
        read = yaml.safe_load(text) or {}
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise TemplateProblem(f"{line}: {error.problem}") from None
    except yaml.YAMLError:
        raise TemplateProblem(" is no YAML") from None
    if not isinstance(read, dict):
        raise TemplateProblem(" must be keys and their words")
    return dict(_flatten(read, ""))


def _flatten(read: Mapping[object, object], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in read.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", tuple(value) if isinstance(value, list) else value


def _find_faults(changes: Texts, ours: Texts) -> Iterator[str]:
    """Keys that do not exist, words of another kind, and names in braces that nobody fills in."""
    for key, value in changes.items():
        if key not in ours:
            yield f"{key} is no known key"
            continue
        wants_steps = isinstance(ours[key], tuple)
        words = value if isinstance(value, tuple) else (value,)
        if wants_steps != isinstance(value, tuple) or not all(isinstance(w, str) for w in words):
            yield f"{key} must be {'a list of texts' if wants_steps else 'a text'}"
            continue
        for name in sorted(set().union(*map(find_placeholders, words)) - PLACEHOLDERS):
            yield f"{key} has {{{name}}}, which nobody fills in"


def _compile(environment: ImmutableSandboxedEnvironment, name: str) -> Template:
    try:
        return environment.get_template(name)
    except TemplateSyntaxError as error:
        where = error.name or name
        raise TemplateProblem(f"{where}, line {error.lineno}: {error.message}") from None


def _render(template: Template, name: str, values: Mapping[str, object]) -> str:
    try:
        return template.render(values)
    except Exception as error:  # noqa: BLE001 - a template may raise anything
        # Our templates raise nothing; the text of another's error may hold the user's name.
        line = _find_line(error, name)
        what = getattr(error, "message", None) if _is_jinjas(error) else None
        raise TemplateProblem(f"{name}, line {line}: {what or type(error).__name__}") from None


def _is_jinjas(error: Exception) -> bool:
    """Jinja's own errors name variables, never values."""
    return type(error).__module__.startswith("jinja2")


def _find_line(error: Exception, name: str) -> int:
    """The last line of the template on the way to the error; 0 if it is unknown. Jinja's rewritten
    traceback has the templates' own names and lines."""
    line, frame = 0, error.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename in (name, "<template>"):
            line = frame.tb_lineno
        frame = frame.tb_next
    return line
