"""How a board turns a stored reading into the code of a clamp, in integers: PROTOCOL.md, "Nudges"."""

from labrig.wire.definition import PER_FRACTION

_SCALE_UNIT = 1 << 24


def nudge_scale(adc_bits: int, adc_span: int, dac_bits: int, dac_span: int) -> int:
    """DAC codes per ADC code in 1/2**24, halves upward; spans in the unit of the hello reply."""
    dividend = adc_span * ((1 << dac_bits) - 1) * _SCALE_UNIT
    divisor = dac_span * ((1 << adc_bits) - 1)
    return (2 * dividend + divisor) // (2 * divisor)


def toward_code(total: int, averages: int, scale: int, fraction: int, target: int, dac_bits: int) -> int:
    """DAC code of a clamp at x + fraction (target - x), halves upward, kept in range.

    Parameters
    ----------
    total
        Sum of `averages` ADC codes of the state that x comes from.
    scale
        From `nudge_scale`.
    fraction
        In 1/`PER_FRACTION`.
    target
        DAC code.
    """
    unit = averages * _SCALE_UNIT * PER_FRACTION
    clamp = total * scale * (PER_FRACTION - fraction) + target * fraction * averages * _SCALE_UNIT
    return min(max((2 * clamp + unit) // (2 * unit), 0), (1 << dac_bits) - 1)
