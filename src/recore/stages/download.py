"""Stage download: the files of a source, fetched and verified, or the synthetic demo, generated."""

import argparse

from recore import artifacts, params, paths
from recore.data import demo, fetch
from recore.data.public import files_of
from recore.stages import run


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset")
    dataset = parser.parse_args(argv).dataset
    source = params.load().at(f"sources.{dataset}.fetch")

    with artifacts.new_folder(paths.raw(dataset)) as folder:
        if "generate" in source:
            log = demo.generate(source["seed"], source["sessions"], source["items"])
            log.to_csv(folder / "demo.csv", index=False, lineterminator="\n")
        else:
            fetch.fetch(dataset, files_of(source), folder)


if __name__ == "__main__":
    run(main)
