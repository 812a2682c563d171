"""Samples to measure, from the command line or from a file."""

from collections.abc import Sequence
from pathlib import Path

from labrig.config.network import NetworkConfig, input_names, listing, output_names
from labrig.config.tables import named_columns, read_samples
from labrig.config.tasks import Sample
from labrig.errors import ConfigError
from labrig.units import parse_quantity


def parse_inputs(text: str, network: NetworkConfig) -> Sample:
    """Read ``in0=1 V, in1=2 V``, or ``1 V, 2 V`` in node order.

    Raises
    ------
    ConfigError
        An input is missing, named twice or unknown, or a voltage has no unit.
    """
    names = input_names(network)
    words = [word.strip() for word in text.split(",") if word.strip()]
    pairs = [word.split("=", 1) for word in words]
    if any(len(pair) == 2 for pair in pairs):
        if not all(len(pair) == 2 for pair in pairs):
            msg = f"--inputs: found {text!r}; name every input (in0=1 V, in1=2 V) or none (1 V, 2 V)"
            raise ConfigError(msg)
        given = [(name.strip(), value) for name, value in pairs]
    elif len(words) != len(names):
        msg = f"--inputs: found {len(words)} voltages for {len(names)} inputs, in order {listing(names)}"
        raise ConfigError(msg)
    else:
        given = list(zip(names, words, strict=True))
    return Sample(inputs=_voltages(given, names), targets={})


def read_inputs(path: Path, network: NetworkConfig) -> tuple[Sample, ...]:
    """Read samples from a CSV file, a column a node; outputs may be missing, and are then only read.

    Raises
    ------
    ConfigError
        With file, line and column.
    """
    outputs = [name for name in output_names(network) if name in named_columns(path, "--file: ")]
    document = read_samples(path, "--file: ", input_names(network), outputs)
    return tuple(Sample.model_validate(sample) for sample in document.data)


def _voltages(given: Sequence[tuple[str, str]], names: Sequence[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, value in given:
        if name not in names or name in found:
            what = "a second voltage for" if name in found else "no input of this rig called"
            msg = f"--inputs: found {what} {name!r}; inputs are {listing(tuple(names))}"
            raise ConfigError(msg)
        try:
            found[name] = parse_quantity(value, "V")
        except ValueError as error:
            msg = f"--inputs: {name}: {error}"
            raise ConfigError(msg) from error
    if missing := [name for name in names if name not in found]:
        msg = f"--inputs: found no voltage for {listing(tuple(missing))}; every input needs one"
        raise ConfigError(msg)
    return found
