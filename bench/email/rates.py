"""One round of mails, and how it is shown."""

from typing import Final

from bench.email.path import Figures

HEADER: Final = (
    "mails/s | published s | records | CPU %: relay+producer | worker | postgres | valkey | sink | others | lost | doubled"
)


def line(name: str, count: int, figures: Figures, lost: int, doubled: int) -> str:
    """One round of ours, under HEADER."""
    cpu = " | ".join(f"{used:.0f}" for used in figures.cpu.values())
    rate = count / figures.seconds
    return f"{rate:,.0f} | {figures.published_s:.2f} | {figures.recorded.records} | {cpu} | {lost} | {doubled} ({name})"
