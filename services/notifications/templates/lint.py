"""What is questionable about a draft and does not keep it from being written: told to its author with the answer."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.notifications.sms import segments
from services.notifications.templates.markup import links_of
from services.notifications.templates.models import PARTS, Layer, TemplateSource, effective, is_marketing
from services.notifications.templates.rendering import Renderer
from services.notifications.templates.trials import Tried
from services.notifications.templates.variables import ALWAYS

LONG_SUBJECT_CHARS: Final = 78
"""RFC 5322 §2.1.1 for a line; phones show about half of it."""
FEW_FOREIGN: Final = 10
"""Above it, an SMS is in a script of its own, for which there is no other encoding."""

_GOOD_TARGET: Final = re.compile(r"(https://|mailto:|tel:|sms:|#.)", re.IGNORECASE)
_HTTP: Final = re.compile(r"\bhttp://\S", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Warned:
    """One thing that should be looked at. code: stable. part: which of PARTS, None for the whole version."""

    code: str
    part: str | None
    message: str


def warnings(renderer: Renderer, draft: Layer, source: TemplateSource, tried: Tried, category: str | None) -> list[Warned]:
    """About a draft. source: the draft, filled up. tried: what it became with its sample. category: what it is sent as."""
    used = {part: renderer.undeclared(text) for part in PARTS if (text := getattr(source, part)) is not None}
    return [
        *_of_variables(draft, source, used),
        *(_of_unsubscribing(used) if is_marketing(draft.name, category) else ()),
        *_of_email(tried),
        *(_of_sms(tried.sms) if tried.sms is not None and draft.sms is not None else ()),
    ]


def left_incomplete(layers: Sequence[Layer], locale: str) -> list[Warned]:
    """About overrides that lose a channel when the default of a language is retired. layers: all that are published before."""
    left = [one for one in layers if one.organization_id is not None or one.locale != locale]
    found = []
    for one in left:
        if one.organization_id is None:
            continue
        lost = sorted(_channels(layers, one) - _channels(left, one))
        if lost:
            said = (
                f"the override of the organization {one.organization_id} in {one.locale} (version {one.version}) had from it "
                f"what it needs for {', '.join(lost)}; its messages fail until a default is published again, or it is whole"
            )
            found.append(Warned("override_incomplete", None, said))
    return found


def _channels(layers: Sequence[Layer], override: Layer) -> set[str]:
    source = effective(layers, name=override.name, organization_id=override.organization_id, locale=override.locale)
    return set(source.channels) if source is not None else set()


def _of_variables(draft: Layer, source: TemplateSource, used: Mapping[str, set[str]]) -> Iterator[Warned]:
    for part, names in used.items():
        unknown = sorted(names - set(source.variables) - set(ALWAYS))
        if unknown and getattr(draft, part) is not None:
            said = f"it uses {', '.join(unknown)}, which `variables` does not declare; who forgets them is told late"
            yield Warned("variable_undeclared", part, said)
    unused = sorted(set(draft.variables) - set().union(*used.values()))
    if unused:
        yield Warned("variable_unused", None, f"no part uses {', '.join(unused)}; remove what is not needed from `variables`")


def _of_unsubscribing(used: Mapping[str, set[str]]) -> Iterator[Warned]:
    for part in ("html", "text"):
        if part in used and not used[part] & {"unsubscribe_url", "preferences_url"}:
            yield Warned("unsubscribe_missing", part, "marketing needs a link by which people decline it: {{ unsubscribe_url }}")


def _of_email(tried: Tried) -> Iterator[Warned]:
    content = tried.content
    if content is None:
        return
    if len(content.subject) > LONG_SUBJECT_CHARS:
        said = f"with the sample it has {len(content.subject)} characters; programs cut it off after {LONG_SUBJECT_CHARS} or less"
        yield Warned("subject_long", "subject", said)
    if _HTTP.search(content.text):
        yield Warned("link_insecure", "text", "a link begins with http:; make it https:")
    if content.html is None:
        return
    links = links_of(content.html)
    if any(target.lower().startswith("http://") for target in (*links.targets, *links.sources)):
        yield Warned("link_insecure", "html", "a link or a picture begins with http:; make it https:")
    if any(not _GOOD_TARGET.match(target) and not target.lower().startswith("http://") for target in links.targets):
        yield Warned("link_broken", "html", "a link leads nowhere; it begins with https:, mailto: or tel:")
    if links.undescribed:
        yield Warned("image_without_alt", "html", f'pictures without alt: {links.undescribed}; say what they show, or alt=""')


def _of_sms(sms: str) -> Iterator[Warned]:
    counted = segments.count(sms)
    if counted.foreign and len(counted.foreign) <= FEW_FOREIGN:
        said = f"{' '.join(counted.foreign)} makes it UCS-2, of which 70 characters fit one segment and not 160"
        yield Warned("sms_encoding", "sms", said)
    if counted.segments > 1:
        said = f"with the sample it takes {counted.segments} segments ({counted.encoding}), each of which is paid for"
        yield Warned("sms_long", "sms", said)
