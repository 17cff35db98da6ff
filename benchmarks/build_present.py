"""Store anew what `softcord drift --self` compares with, after a change that is meant to move areas.

    python benchmarks/build_present.py

Say in the changelog by how much they moved: `softcord drift --self` tells before this is run.
"""

from softcord.drift.present import STORED, measure_present, write_stored
from softcord.predict.built_in import BUILT_IN
from softcord.predict.package import read_package

if __name__ == "__main__":
    write_stored(measure_present(read_package(BUILT_IN)))
    print(STORED)
