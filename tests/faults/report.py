"""What a run prints."""

from collections.abc import Sequence

from tests.faults.scenario import Result


def line(result: Result) -> str:
    """One scenario in one line, and a line for each problem."""
    counts = result.counts
    facts = [
        f"sent {counts.sent}",
        f"effects {counts.effects}",
        f"lost {counts.lost}",
        f"doubled {counts.doubled}",
        f"dead letters {counts.letters.total()}/{counts.letters_expected.total()}",
        f"calls repeated {counts.repeated}",
        f"redelivered {counts.redelivered}",
        f"recovered in {result.recovery_s:.1f} s",
        f"took {result.seconds:.0f} s",
    ]
    verdict = "pass" if result.passed else "FAIL"
    text = f"{verdict}  {result.scenario.name}: {', '.join(facts)}"
    return "\n".join(
        [text, *(f"      {note}" for note in result.notes), *(f"      {_problem(result, kind)}" for kind in result.problems)]
    )


def table(results: Sequence[Result]) -> str:
    """All scenarios."""
    width = max(len(result.scenario.name) for result in results)
    names = "  sent effects  lost doubled   letters repeated  again  recovery  result"
    head = f"{'scenario':{width}} {names}"
    rows = [head]
    for result in results:
        counts = result.counts
        letters = f"{counts.letters.total()}/{counts.letters_expected.total()}"
        rows.append(
            f"{result.scenario.name:{width}}  {counts.sent:6} {counts.effects:7} {counts.lost:5} {counts.doubled:7} {letters:>9} "
            f"{counts.repeated:8} {counts.redelivered:6} {result.recovery_s:6.1f} s  {'pass' if result.passed else 'FAIL'}"
        )
    return "\n".join(rows)


def _problem(result: Result, kind: str) -> str:
    wanted = "as it must: " if kind == result.scenario.must_show else ""
    return f"{wanted}{kind}: {result.problems[kind]}"
