"""What DVC asks anew for each stage, asked once for all of them.

For a thousand cells DVC would hash the code and the split ten thousand times, and read params.yaml and the index of git
nearly as often. What it hashed of a folder it also keeps in memory, and looks through all of that for the next folder.
Changed here are the objects of one open repository, not DVC; an answer is that of the first time.
"""

import os
from collections.abc import Callable, Hashable
from typing import Any


def ask_once(stages: list[Any]) -> None:
    """From now on what several of the stages of a repository depend on is read for the first of them alone.

    Outputs are hashed as often as DVC does it. That git ignores them is asked once of the folder they lie in.
    """
    answers: dict[Hashable, Any] = {}

    def once(question: Hashable, ask: Callable[..., Any]) -> Callable[..., Any]:
        def answer(*args: Any, **kwargs: Any) -> Any:
            if question not in answers:
                answers[question] = ask(*args, **kwargs)
            return answers[question]

        return answer

    for stage in stages:
        for dep in stage.deps:
            if hasattr(dep, "read_params"):
                dep.read_params = once((dep.fs_path, *dep.params), dep.read_params)
            else:
                dep._build = once((dep.fs_path, dep.hash_name, "hash"), dep._build)
        for out in stage.outs:
            _ignore_by_folder(out, once)


def _ignore_by_folder(out: Any, once: Callable[[Hashable, Callable[..., Any]], Callable[..., Any]]) -> None:
    """Leaves out what DVC does so that git ignores an output, where git ignores the whole folder it lies in."""
    scm, folder, by_itself = out.repo.scm, os.path.dirname(out.fs_path), out.ignore
    is_ignored = once((folder, "git"), lambda: scm.is_ignored(folder + os.sep) and not scm.is_tracked(folder))
    out.ignore = lambda: None if is_ignored() else by_itself()
