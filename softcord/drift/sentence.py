"""The verdict in words."""

from collections.abc import Iterator
from math import isnan

from softcord.contrasts import contrast_label
from softcord.drift.needed import AT_MOST
from softcord.drift.settings import DriftSettings
from softcord.drift.verdict import Tested, Verdict
from softcord.hints import counted, listed
from softcord.stats.shift import INTERVALS_FROM
from softcord.stats.words import signed


def sentence(verdict: Verdict, settings: DriftSettings, old: str, new: str) -> str:
    """Return the one sentence of the gate: the verdict, the shift with its interval, and why."""
    margin = f"{settings.margin_mm2:g} mm²"
    said = {
        "equivalent": f"Equivalent: {new} measures {settings.place} CSA as {old} does, within {margin}",
        "shifted": f"Shifted: {new} does not measure {settings.place} CSA as {old} does",
        "cannot tell": f"Cannot tell whether {new} measures {settings.place} CSA as {old}, within {margin}",
    }[verdict.outcome]
    return "; ".join([f"{said} ({_found(verdict.overall)})", *_reasons(verdict, settings)]) + "."


def _found(overall: Tested | None) -> str:
    if overall is None:
        return "no image has an area by both"
    people = counted(overall.participants, "participant")
    return f"new − old {shift_words(overall)}, {people}, {counted(overall.images, 'image')}"


def shift_words(tested: Tested) -> str:
    """Write the typical shift with its 95 % interval: ``+0.12 mm², 95% CI −0.10 to 0.31``."""
    shift = tested.shift
    value = f"{'+' if shift.estimate > 0 else ''}{signed(shift.estimate, 2)} mm²"
    if isnan(shift.low):
        return value
    return f"{value}, 95% CI {signed(shift.low, 2)} to {signed(shift.high, 2)}"


def part_words(tested: Tested) -> str:
    """Name a part of the images: ``T2*w``, ``site A``."""
    if tested.about == "contrast":
        return contrast_label(tested.name)
    return tested.name if tested.about == "all" else f"{tested.about} {tested.name}"


def _reasons(verdict: Verdict, settings: DriftSettings) -> Iterator[str]:
    lost = counted(verdict.failures_gained, "image lost its cord", "images lost their cord")
    if verdict.failures_gained > settings.failures_allowed:
        allowed = f" ({settings.failures_allowed} allowed)" if settings.failures_allowed else ""
        yield f"{lost}{allowed}"
    elif verdict.failures_gained:
        yield f"{lost}, as allowed"
    if verdict.failures_lost:
        yield f"{_images(verdict.failures_lost)} of which only the new one has the cord"
    if verdict.unsure_gained:
        yield f"{_images(verdict.unsure_gained)} in which only the new one could not follow the cord"
    if verdict.not_compared and verdict.tests:
        yield f"{listed([contrast_label(one) for one in verdict.not_compared])} not compared"
    shifted = verdict.of("shifted")
    if shifted:
        yield "beyond the margin in " + listed([f"{part_words(one)} ({shift_words(one)})" for one in shifted])
    if verdict.outcome != "cannot tell":
        yield from _against_the_mean(verdict)
        return
    if verdict.overall is None:
        return
    unsure = [one for one in verdict.of("cannot tell") if one.decides]
    yield "not to be told in " + listed([part_words(one) for one in unsure])
    yield _needed(unsure, verdict.overall)


def _images(number: int) -> str:
    return counted(number, "image")


def _against_the_mean(verdict: Verdict) -> Iterator[str]:
    """Say where a shift within the margin is a shift all the same."""
    if verdict.overall is None:
        return
    shift = verdict.overall.shift
    if verdict.outcome == "equivalent" and not isnan(shift.low) and not shift.low <= 0 <= shift.high:
        yield "a small shift is there all the same"


def _needed(unsure: list[Tested], overall: Tested) -> str:
    """Say how many participants, and images, would tell; or that no number of them would."""
    few = [one for one in unsure if one.participants < INTERVALS_FROM]
    if few and len(few) == len(unsure):
        return f"at least {INTERVALS_FROM} participants are needed with each contrast"
    numbers = [one.needed for one in unsure if one not in few]
    if any(number is None for number in numbers):
        return f"the shift found is so near the margin that {AT_MOST} participants would not tell"
    most = max(number for number in numbers if number is not None)
    per_person = overall.images / overall.participants
    images = counted(round(most * per_person), "image")
    if most <= overall.participants:
        return f"{counted(most, 'participant')} would tell in 80 % of cohorts, and this is one of the others"
    return f"about {counted(most, 'participant')} ({images}) would tell in 80 % of cohorts"
