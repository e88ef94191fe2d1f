"""Making a mail's content, an SMS or an item of the in-app inbox of a template: the same code for previews and for the sending.

Templates are written by people who are trusted with texts and not with the process, so everything that a template may do is
listed, and what it spends is counted; see `sandbox.py` and `budget.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import TracebackType
from typing import Final
from zoneinfo import ZoneInfo

from jinja2 import Template, TemplateSyntaxError, UndefinedError
from pydantic import JsonValue

from services.notifications.email.mime import Content, single_line
from services.notifications.locales import primary
from services.notifications.templates.budget import MAX_OUTPUT_CHARS, BudgetExceeded, Rendering, spending
from services.notifications.templates.errors import TemplateUnusable
from services.notifications.templates.filters import ValueUnusable
from services.notifications.templates.html_text import UnfinishedHtml, text_of
from services.notifications.templates.inlining import StylesUnusable, inlined
from services.notifications.templates.links import LinkUnusable, MadeLinks, made_links
from services.notifications.templates.models import TemplateSource
from services.notifications.templates.sandbox import MAX_SOURCE_CHARS, TemplateEnvironment
from services.notifications.templates.variables import check_context, completed

__all__ = ["Push", "Renderer", "TemplateSource"]

MAX_SUBJECT_CHARS: Final = 500
MAX_SMS_CHARS: Final = 1600
MAX_PUSH_TITLE_CHARS: Final = 200
MAX_PUSH_BODY_CHARS: Final = 2000
_COMPILED: Final = 256
_PART_WORDS: Final = {"push_title": "push title", "push_body": "push body"}


@dataclass(frozen=True, slots=True)
class Push:
    """What an item of the in-app inbox says. title: one line."""

    title: str
    body: str


class Renderer:
    """Renders templates. One per process: it keeps what it has compiled.

    Compiled parts are found by their text and not by name and version, since an override takes parts of the default, and a
    draft that is previewed has no version yet.

    Everywhere, locale is a BCP 47 tag: dates, numbers and money follow it where it is of the part's language; time_zone is a name
    of the IANA database. What is raised is TemplateUnusable, whose detail names the part and line of the template and the
    variable, or all variables that the context lacks.
    """

    def __init__(self) -> None:
        environments = {escaped: TemplateEnvironment(autoescape=escaped) for escaped in (False, True)}

        @lru_cache(maxsize=_COMPILED)
        def compiled(source: str, escaped: bool) -> Template:
            return environments[escaped].compiled(source)

        @lru_cache(maxsize=_COMPILED)
        def links(source: str) -> MadeLinks:
            return made_links(environments[False].skeleton(source))

        self._compiled = compiled
        self._links = links
        self._plain = environments[False]

    def render(self, source: TemplateSource, context: Mapping[str, JsonValue], *, locale: str, time_zone: str) -> Content:
        """An e-mail's content for one reader."""
        check_context(source, context)
        # Before there is a reader: what is compiled serves all of them, and must know of none.
        for_subject = self._template(source, "subject", source.subject)
        for_html = self._template(source, "html", source.html) if source.html is not None else None
        for_text = self._template(source, "text", source.text) if source.text is not None else None
        given = completed(source, context)
        with spending(Rendering(_language(locale, source.locale), _zone(time_zone))) as rendering:
            subject = single_line(_rendered(source, "subject", for_subject, given))
            if not 1 <= len(subject) <= MAX_SUBJECT_CHARS:
                raise _unusable(source, "subject", None, f"it becomes {len(subject)} characters; a subject has 1 to 500")
            rendering.chars = 0
            html = self._html(source, for_html, given) if for_html is not None else None
            rendering.chars = 0
            text = _rendered(source, "text", for_text, given) if for_text is not None else _derived(source, html)
        if not text.strip():
            raise _unusable(source, "text", None, "it becomes empty")
        return Content(subject, text, html)

    def render_sms(self, source: TemplateSource, context: Mapping[str, JsonValue], *, locale: str, time_zone: str) -> str:
        """The text of an SMS for one reader, of 1 to 1,600 characters."""
        check_context(source, context)
        template = self._template(source, "sms", source.sms)
        # Where the words are Latin, a filter must not be what makes an SMS need twice the segments.
        gsm = all(one < "\u0250" for one in source.sms or "" if one.isalpha())
        rendering = Rendering(_language(locale, source.sms_locale or source.locale), _zone(time_zone), gsm)
        with spending(rendering):
            return _bounded(source, "sms", template, completed(source, context), MAX_SMS_CHARS, str.strip)

    def render_push(self, source: TemplateSource, context: Mapping[str, JsonValue], *, locale: str, time_zone: str) -> Push:
        """An item of the in-app inbox for one reader."""
        check_context(source, context)
        for_title = self._template(source, "push_title", source.push_title)
        for_body = self._template(source, "push_body", source.push_body)
        given = completed(source, context)
        with spending(Rendering(_language(locale, source.push_locale or source.locale), _zone(time_zone))):
            title = _bounded(source, "push_title", for_title, given, MAX_PUSH_TITLE_CHARS, single_line)
            return Push(title, _bounded(source, "push_body", for_body, given, MAX_PUSH_BODY_CHARS, str.strip))

    def check(self, part: str, source: str) -> None:
        """Raises TemplateUnusable where the source of a part (one of PARTS) is no template."""
        try:
            if len(source) > MAX_SOURCE_CHARS:
                raise TemplateSyntaxError(f"it has more than {MAX_SOURCE_CHARS:,} characters", 1)
            self._compiled(source, part == "html")
        except TemplateSyntaxError as error:
            raise TemplateUnusable(f"the {_words(part)}, line {error.lineno}: {_sentence(error.message)}") from None

    def undeclared(self, source: str) -> set[str]:
        """The variables that a part which passes `check` takes from the context."""
        return self._plain.undeclared(source)

    def skeleton(self, source: str) -> str:
        """A part that passes `check`, with placeholders in the place of outputs and blocks; see `sandbox.py`."""
        return self._plain.skeleton(source)

    def _html(self, source: TemplateSource, template: Template, context: Mapping[str, JsonValue]) -> str:
        html = _rendered(source, "html", template, context)
        try:
            self._links(source.html or "").check(html)
        except LinkUnusable as error:
            raise _unusable(source, "html", None, str(error)) from None
        return _inlined(source, html)

    def _template(self, source: TemplateSource, part: str, text: str | None) -> Template:
        if text is None:
            raise _unusable(source, part, None, "there is none; publish a version that has it")
        try:
            self.check(part, text)
        except TemplateUnusable as error:
            raise TemplateUnusable(f"template {_title(source)}: {error.detail}") from None
        return self._compiled(text, part == "html")


def _language(locale: str, of_part: str) -> str:
    return locale if primary(locale) == primary(of_part) else of_part


def _rendered(source: TemplateSource, part: str, template: Template, context: Mapping[str, JsonValue]) -> str:
    try:
        return _within_bounds(template, context)
    except (UndefinedError, ValueUnusable, BudgetExceeded) as error:
        raise _unusable(source, part, _line(error.__traceback__), _sentence(str(error))) from None
    except Exception as error:  # noqa: BLE001 - a template's author can mend it, and a 500 tells nobody what of
        # Whatever it is, the template has brought it about with these values, which its words may quote.
        detail = f"a value is not of the kind that it is used as ({type(error).__name__})"
        raise _unusable(source, part, _line(error.__traceback__), detail) from None


def _bounded(
    source: TemplateSource,
    part: str,
    template: Template,
    context: Mapping[str, JsonValue],
    limit: int,
    shape: Callable[[str], str],
) -> str:
    text = shape(_rendered(source, part, template, context))
    if not 1 <= len(text) <= limit:
        raise _unusable(source, part, None, f"it becomes {len(text):,} characters; it may have 1 to {limit:,}")
    return text


def _within_bounds(template: Template, context: Mapping[str, JsonValue]) -> str:
    pieces: list[str] = []
    size = 0
    for piece in template.generate(context):
        size += len(piece)
        if size > MAX_OUTPUT_CHARS:
            raise BudgetExceeded(f"it becomes more than {MAX_OUTPUT_CHARS:,} characters")
        pieces.append(piece)
    whole = "".join(pieces)
    # Raises UnicodeEncodeError for halves of characters, which JSON can carry and no mail can.
    whole.encode()
    return whole


def _inlined(source: TemplateSource, html: str) -> str:
    try:
        html = inlined(html)
    except StylesUnusable as error:
        raise _unusable(source, "html", None, str(error)) from None
    if len(html) > MAX_OUTPUT_CHARS:
        raise _unusable(source, "html", None, f"with its styles it becomes more than {MAX_OUTPUT_CHARS:,} characters")
    return html


def _derived(source: TemplateSource, html: str | None) -> str:
    if html is None:
        raise _unusable(source, "text", None, "there is neither text nor html")
    try:
        return text_of(html)
    except UnfinishedHtml:
        raise _unusable(source, "html", None, "a tag or a comment does not end") from None


def _zone(time_zone: str) -> ZoneInfo:
    try:
        return ZoneInfo(time_zone)
    except (OSError, ValueError, LookupError):
        raise TemplateUnusable("the reader's time zone is not known; name one like Europe/Berlin") from None


def _unusable(source: TemplateSource, part: str, line: int | None, sentence: str) -> TemplateUnusable:
    where = f", line {line}" if line is not None else ""
    return TemplateUnusable(f"template {_title(source)}: the {_words(part)}{where}: {sentence}")


def _words(part: str) -> str:
    return _PART_WORDS.get(part, part)


def _title(source: TemplateSource) -> str:
    return f"{source.name} ({source.locale}, version {source.version})"


def _sentence(text: str | None) -> str:
    return " ".join((text or "it cannot be read").split())[:300]


def _line(traceback: TracebackType | None) -> int | None:
    """The line of the template that was being rendered; Jinja puts it into the traceback."""
    found = None
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == "<template>":
            found = traceback.tb_lineno
        traceback = traceback.tb_next
    return found
