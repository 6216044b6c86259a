"""The files of public logs, by the name that ``fetch: {public: NAME}`` gives: where they are, and their hashes.

Git names a file by its content, so a file that lies in a git repository is pinned by its blob id.
"""

from recore import RecoreError

Files = dict[str, dict[str, str]]  # file name -> url, and sha256 or git_blob

_RAW = "https://raw.githubusercontent.com"
_PAPER = f"{_RAW}/Itaymizik/RecSys---CORE/b3f5fec3a09ab039275d2af83224d0878e6284c9/dataset"
_GCE_GNN = f"{_RAW}/CCIIPLab/GCE-GNN/212575302e42d64b8cf0b9ffe1b71b0db398d5be/datasets"
_CGENET = f"{_RAW}/MSJeinlong/CGENet/361cab1829696845656c0b3727a837ff7e1d6991/datasets"
_MTD = f"{_RAW}/chenjh1988/MTD/b471a6df5e09e8f179a2dbfd185571f74bb9311e/datasets"


def _parts(folder: str, name: str, **git_blobs: str) -> Files:
    """One of the paper's own five sets, already split."""
    files = {part: f"{name}.{part}.inter" for part in git_blobs}
    return {files[part]: {"url": f"{_PAPER}/{folder}/{files[part]}", "git_blob": git_blobs[part]} for part in git_blobs}


def _list(folder: str, sha256: str) -> Files:
    """The list of sessions of SR-GNN's pre-processing."""
    return {"all_train_seq.txt": {"url": f"{folder}/all_train_seq.txt", "sha256": sha256}}


LOGS: dict[str, Files] = {
    "diginetica": _parts(
        "diginetica",
        "diginetica",
        train="118bd7c8477169c7355c7cea18e49a5a192634e9",
        valid="8faf2d73ff97194c80cfa3f53d83dc656226c241",
        test="a3c9e83cc451af063d067fcddea30b0045a6e0ae",
    ),
    "nowplaying": _parts(
        "nowplaying",
        "nowplaying",
        train="aa9bc7b7956a126328f427e6cc20224c884f6f03",
        valid="d5a5efded425b89877f1db8461e980ed6bcaf8e4",
        test="d2269fe34b8e6b1aef2c3c3a00ed079336f6702e",
    ),
    "retailrocket": _parts(
        "retailrocket/retailrocket",
        "retailrocket",
        train="73082f5a33f548f01f660cda7be24084496e25d8",
        valid="8054f728590bf316abbfa149a63a86918ad58978",
        test="c55b3eb0ee40bbd7c896761530a8ddb42462e44b",
    ),
    "tmall": _parts(
        "tmall/tmall",
        "tmall",
        train="7bd134cbbb661b2eb47148fb6bde164211a98628",
        valid="44486bd4c04cff17f92deb8238bc018948f1ae08",
        test="937d7471aa08ede04154fbf4068ac69c8828ec21",
    ),
    "yoochoose": _parts(
        "yoochoose",
        "yoochoose",
        train="84b28935bdfbb023bebe1a95a4daaf21fa601d6a",
        valid="f066bdfede03a2583a0008923e857809f0b95b7c",
        test="4e70c464a351cdb2838e88f6265c8eea5b05b950",
    ),
    "tmall_srgnn": _list(f"{_GCE_GNN}/Tmall", "40219a3222bc575e7061bd665c6dcaa4af3c37a8f8975868689ae0375b765d9c"),
    "nowplaying_srgnn": _list(
        f"{_GCE_GNN}/Nowplaying", "963019b0853b49273f81ba591b30be600194f74f71f11e8fc4cf549591416052"
    ),
    "retailrocket_srgnn": _list(
        f"{_CGENET}/retailrocket", "f0fc2bed6f2523a4fce2fe75a14f4788865c0461afead1566ba51273438908a4"
    ),
    "yoochoose64_srgnn": _list(
        f"{_MTD}/yoochoose1_64", "33af7c6292c6bd5080c2d694cce78e9b39a7eb987421a72b93edaae47204ece5"
    ),
}


def files_of(fetch: dict) -> Files:
    """The files of a source's ``fetch``, whether it names a public log or states them; RecoreError for no known log."""
    if "public" not in fetch:
        return fetch["files"]
    if fetch["public"] not in LOGS:
        raise RecoreError(f"params.yaml: `public` names {fetch['public']!r}; public logs are {', '.join(LOGS)}")
    return LOGS[fetch["public"]]
