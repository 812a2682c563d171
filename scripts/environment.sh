# Sourced by the other scripts: finds Python and keeps .venv in step with pyproject.toml.
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
export PIP_DISABLE_PIP_VERSION_CHECK=1

say() { printf '%s\n' "$*" >&2; }

find_python() {
    local candidate
    for candidate in "${PYTHON:-python3}" python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s' "$candidate"
            return
        fi
    done
    say "labrig needs Python 3.11 or newer; install it with: sudo apt-get install -y python3 python3-venv"
    exit 2
}

# install_labrig EXTRAS: .venv with labrig and these extras; quick when nothing has changed.
install_labrig() {
    local extras=$1 python stamp=.venv/labrig-installed wanted
    wanted="$(cksum <pyproject.toml) $extras"
    grep -qsF "$wanted" "$stamp" && .venv/bin/python -c 'import labrig' 2>/dev/null && return
    python=$(find_python) || exit
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        say "Python has no venv or pip here; install them with: sudo apt-get install -y python3-venv python3-pip"
        exit 2
    fi
    .venv/bin/python -m pip --version >/dev/null 2>&1 || "$python" -m venv --clear .venv || exit
    say "Installing labrig[$extras] into .venv (once) ..."
    .venv/bin/python -m pip install --quiet --editable ".[$extras]" || exit
    printf '%s\n' "$wanted" >"$stamp"
}
