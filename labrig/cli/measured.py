"""A measurement on the terminal."""

from collections.abc import Sequence
from json import dumps

import numpy as np

from labrig.circuit.topology import Topology
from labrig.cli.tables import print_table
from labrig.config.tasks import Sample
from labrig.procedures.measure import Measurement
from labrig.units import format_quantity


def print_measurement(
    topology: Topology, samples: Sequence[Sample], found: Measurement, *, json: bool
) -> None:
    """One JSON object, or a table of outputs with their targets."""
    names = [topology.nodes[node] for node in topology.outputs]
    if json:
        has_targets = any(sample.targets for sample in samples)
        outputs = [[None if np.isnan(x) else x for x in row] for row in found.outputs.tolist()]
        error = found.error if has_targets and not np.isnan(found.error) else None
        print(dumps({"nodes": names, "outputs": outputs, "error": error, "saturated": found.saturated}))
        return
    from rich.table import Table

    table = Table("sample", "output", "measured", "target", "error")
    for k, sample in enumerate(samples):
        for name, volts in zip(names, found.outputs[k].tolist(), strict=True):
            target = sample.targets.get(name)
            read = "not measured" if np.isnan(volts) else format_quantity(volts, "V")
            wanted = "" if target is None else format_quantity(target, "V")
            off = "" if target is None or np.isnan(volts) else format_quantity(volts - target, "V", 3)
            table.add_row(str(k), name, read, wanted, off)
    print_table(table)
    if any(sample.targets for sample in samples):
        print(f"error {format_quantity(found.error, 'V')} over outputs and samples")
    if found.saturated:
        print(
            f"{found.saturated} readings lie within 1 % of a rail of the converter and count as not measured"
        )
