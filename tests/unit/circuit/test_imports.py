import subprocess
import sys


def test_solving_crossbars_imports_nothing_heavy() -> None:
    code = (
        "import sys; from labrig.circuit import Boundary, IdealNetwork, Topology;"
        "IdealNetwork(Topology.crossbar(3, 2)).settle([Boundary({0: 1.0, 1: 1.0, 2: 2.0})]);"
        "print(sorted({'scipy', 'pydantic', 'rich', 'matplotlib'} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
