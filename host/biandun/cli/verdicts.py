"""The sentence in which a verification ends: what is proven, what is not, and why."""

from datetime import UTC, datetime

from biandun import inventory
from biandun.checks import Part, Step
from biandun.evidence import BAD, GOOD, Verdict
from biandun.inventory import File
from biandun_protocol.book import CODES
from biandun_protocol.review import DECISIONS, OPINIONS, Countersign, Decision
from biandun_protocol.terminal.visible import visible

MOST = 6  # names in a sentence; the table has all of them


def sentence_of(verdict: Verdict, language: str) -> str:
    """One sentence, in the language of the reader."""
    english = language == "en"
    if verdict.outcome == BAD:
        return _bad(verdict, english)
    proven = _proven(verdict, english)
    notes = _notes(verdict, english)
    left = [file for file in verdict.files if file.finding == inventory.UNKNOWN]
    if verdict.outcome == GOOD:
        return f"Proven: {proven}; {notes}." if english else f"已证明：{proven}；{notes}。"
    names = _names(left, english)
    if english:
        return f"Proven: {proven}; not looked at, and no part of the evidence: {names}; {notes}."
    return f"已证明：{proven}；未核验、不属于证据的文件：{names}；{notes}。"


def _proven(verdict: Verdict, english: bool) -> str:
    return ("; " if english else "；").join(
        _part(part, english) for part in verdict.parts if part.twin is None
    )


def _part(part: Part, english: bool) -> str:
    """Who signed what, and since when the office has it."""
    profile, manifest, received, issuer = part.profile, part.manifest, part.receipt, part.issuer
    if profile is None or manifest is None or received is None or issuer is None:
        raise ValueError(part.inside)  # only parts that hold are told of
    count = len(manifest.form.attachments)
    when = datetime.fromtimestamp(received.received, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
    what = _what(part, english)
    if english:
        return (
            f"key {profile.serial} of {profile.unit_name} ({profile.uscc}) signed {what} with {count} attachments, and office "
            f"{issuer.office_id} has had it in its log since {when} (leaf {received.leaf_index})"
        )
    return (
        f"{profile.unit_name}（{profile.uscc}）的密钥 {profile.serial} 签署了{what}及 {count} 个附件，"
        f"编办 {issuer.office_id} 于 {when} 收录（存证序号 {received.leaf_index}）"
    )


def _what(part: Part, english: bool) -> str:
    form = part.manifest.form if part.manifest else None
    name = part.inside.rstrip("/")
    if isinstance(form, Countersign):
        return (
            f"the opinion {form.opinion} in {name or '.'}"
            if english
            else f"主管部门意见“{OPINIONS[form.opinion]}”"
        )
    if isinstance(form, Decision):
        return (
            f"the decision {form.decision} in {name or '.'}"
            if english
            else f"编办意见“{DECISIONS[form.decision]}”"
        )
    if name:
        return f"the earlier version in {name}" if english else f"此前版本（{name}）"
    return "this filing" if english else "本申报"


def _notes(verdict: Verdict, english: bool) -> str:
    """What is not proven even so."""
    missing = [file for file in verdict.files if file.finding == inventory.MISSING]
    notes: list[str] = []
    if missing:
        notes.append(
            f"missing: {_names(missing, True)}" if english else f"缺少：{_names(missing, False)}"
        )
    for part, twin in ((part, part.twin) for part in verdict.parts if part.twin is not None):
        copy, first = (visible(one.inside.rstrip("/") or ".") for one in (part, twin))
        notes.append(
            f"{copy} is the same as {first} and counts once"
            if english
            else f"{copy} 与 {first} 是同一份，只算一次"
        )
    if verdict.root_from_folder:
        notes.append(
            f"provided that the office published the root {verdict.root}, which came with the folder"
            if english
            else f"前提是编办公布的根证书指纹确为 {verdict.root}（根证书取自文件夹本身）"
        )
    notes.append(
        "not proven: that what it says is true, nor case number and address in filing.json"
        if english
        else "未证明：所述内容是否属实，以及 filing.json 所记的业务编号和地址"
    )
    return ("; " if english else "；").join(notes)


def _bad(verdict: Verdict, english: bool) -> str:
    column = 1 if english else 0
    why = [
        (f"{step.part}: " if step.part else "")
        + f"{CODES.get(step.name, (step.name, step.name))[column]} ({_reason(step, english)})"
        for step in verdict.failed
    ]
    wrong = [file for file in verdict.files if file.finding in inventory.WRONG]
    left = [
        file for file in verdict.files if file.finding in (inventory.UNKNOWN, inventory.UNCHECKED)
    ]
    clauses: list[str] = []
    if why:
        clauses.append(
            f"this does not hold: {', '.join(why)}" if english else f"不成立：{'、'.join(why)}"
        )
    if wrong:
        clauses.append(
            f"changed or not to be opened: {_names(wrong, True)}"
            if english
            else f"被改动或不可打开：{_names(wrong, False)}"
        )
    if left:
        clauses.append(
            f"not verified: {_names(left, True)}" if english else f"未核验：{_names(left, False)}"
        )
    if english:
        return f"Not proven: {'; '.join(clauses)}; this folder is no evidence."
    return f"未通过核验：{'；'.join(clauses)}；本文件夹不能作为证据。"


def _reason(step: Step, english: bool) -> str:
    """Why a step did not hold, in words, without the full stop that would end the sentence in its
    middle.
    """
    if step.problem is None:
        return step.found
    return visible(step.problem.message("en" if english else "zh").rstrip("。."))


def _names(files: list[File], english: bool) -> str:
    names = (", " if english else "、").join(visible(file.name) for file in files[:MOST])
    more = len(files) - MOST
    if more <= 0:
        return names
    return f"{names} and {more} more" if english else f"{names} 等 {len(files)} 个"
