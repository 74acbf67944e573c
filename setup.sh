#!/bin/sh
# Creates a virtual environment and installs ava with its development tools into it.
# Needs: Python >= 3.11 and a package index that pip reaches. Called by make; safe to call again.
set -eu
venv=$1
python=${PYTHON:-python3}

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "Error: Python 3.11 or newer is needed; '$python' is $("$python" --version 2>&1 || echo missing)." >&2
    echo "Hint: make PYTHON=/path/to/python3.12 ..." >&2
    exit 1
fi
if [ ! -x "$venv/bin/python" ]; then
    echo "Creating $venv ..."
    if ! "$python" -m venv "$venv"; then
        rm -rf "$venv"
        echo "Error: '$python' cannot create virtual environments." >&2
        echo "Hint: on Debian: apt-get install python3-venv" >&2
        exit 1
    fi
fi
pip="$venv/bin/python -m pip --disable-pip-version-check"
echo "Installing (torch and its friends are several gigabytes: some minutes the first time) ..."
$pip install --quiet --constraint constraints.txt --editable '.[dev]'

# The desktop build of OpenCV wants libGL and libglib from the system. Where they are missing the
# headless build of the very same version, laid over it, does all that ava needs.
if ! "$venv/bin/python" -c 'import cv2' 2>/dev/null; then
    version=$("$venv/bin/python" -c 'from importlib.metadata import version; print(version("opencv-contrib-python"))')
    echo "System libraries for OpenCV's desktop build are missing; taking the headless build."
    $pip install --quiet --no-deps --force-reinstall "opencv-contrib-python-headless==$version"
    "$venv/bin/python" -c 'import cv2'
fi
# A start that has to compile its modules first takes half a second longer.
"$venv/bin/python" -m compileall -q ava scorers models
"$venv/bin/ava" --version
