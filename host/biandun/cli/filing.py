"""biandun filing: prepare, sign, submit and verify filings, and store receipts on the key."""

from pathlib import Path

import click

from biandun import evidence, key_status, keys, reviews
from biandun.cli.commands import Group
from biandun.cli.shared import (
    ADDRESS,
    CODE,
    FOLDER,
    OFFICE,
    READABLE,
    Given,
    Settings,
    pass_settings,
    with_key,
)
from biandun.cli.verdicts import sentence_of
from biandun.errors import KeyNotFound, UsageProblem
from biandun.filings import preparing
from biandun.filings.batch import sign_all
from biandun.filings.description import describe
from biandun.filings.export import export_parts
from biandun.filings.filled import Unit, read_placed_form, unit_of
from biandun.filings.folder import Folder
from biandun.filings.preparing import Source
from biandun.keys import Key
from biandun.office_client import Office
from biandun.results.filings import (
    Countersigned,
    Exported,
    FileRow,
    FilingDescription,
    ReceiptKept,
    Signed,
    StepRow,
    Submitted,
    Verified,
)
from biandun_protocol import codes, kinds
from biandun_protocol.catalogue import phrase
from biandun_protocol.forms import registry
from biandun_protocol.forms.schema import json_schema
from biandun_protocol.terminal.shown import Document
from biandun_protocol.wire.numbers import PURPOSE_FILING

_ROLES = ", ".join(codes.TABLES["attachment_roles"])


class FormType(click.ParamType[str]):
    """A type of form in the registry, of one purpose or of any."""

    name = "TYPE"

    def __init__(self, purpose: str | None = None) -> None:
        self._purpose = purpose

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the type; fail for one that the registry does not have."""
        known = list(registry.types(self._purpose))
        if value not in known:
            self.fail(f"{value!r} is not one of {', '.join(map(repr, known))}.", param, ctx)
        return str(value)


@click.group("filing", cls=Group)
def group() -> None:
    """业务材料：准备、签署、提交、保存回执、核验。

    Filings: prepare, sign, submit, store the receipt, verify.

    \b
    Examples:  biandun filing example > form.json
               biandun filing prepare form.json --attach application_document=申请.pdf --out 用编申请
               biandun filing sign 用编申请
               biandun filing submit 用编申请 --office http://127.0.0.1:8420
               biandun filing keep 用编申请
               biandun filing verify 用编申请 --root root.pem
    """


@group.command("example")
@click.argument("form_type", type=FormType(), default=registry.USE_APPROVAL, metavar="[TYPE]")
def example(form_type: str) -> Document:
    """输出一份 TYPE 表单样例，供填写（虚构数据）；默认为编制使用核准申请表 use-approval。

    Print a form of TYPE to fill in (fictitious data); use-approval by default.

    \b
    Examples:  biandun filing example > form.json
               biandun filing example use-approval > form.json
    """
    return Document(registry.of_type(form_type).form.example)


@group.command("schema")
@click.argument("form_type", type=FormType(), default=registry.USE_APPROVAL, metavar="[TYPE]")
def schema(form_type: str) -> Document:
    """输出 TYPE 表单的 JSON Schema，供编辑器和其他程序使用；默认为 use-approval。

    Print the JSON Schema of a form of TYPE, for editors and other programs; use-approval by default.

    \b
    Example:  biandun filing schema use-approval > use-approval.schema.json
    """
    return Document(json_schema(registry.of_type(form_type)))


def _source(text: str) -> Source:
    role, equals, path = text.partition("=")
    if not equals:
        role, path = "other", text
    if role not in codes.TABLES["attachment_roles"]:
        rule = phrase("host.role", names=_ROLES)
        raise UsageProblem("form-invalid", field="attach", rule=rule)
    return Source(Path(path), role)


def _unit_of(settings: Settings, serial: str | None, port: str | None) -> Unit:
    """The unit that the plugged-in key knows; an empty Unit without a key."""
    try:
        with keys.open(serial=serial, port=port, ui=settings.ui) as key:
            return unit_of(key)
    except KeyNotFound:
        if serial or port:
            raise
        return Unit()


@group.command("prepare")
@click.argument("form", type=READABLE)
@click.option(
    "--attach",
    "attach",
    multiple=True,
    metavar="[ROLE=]FILE",
    help=f"附件，ROLE 为 {_ROLES} / a file to attach; ROLE is {_ROLES}",
)
@click.option(
    "--out", type=FOLDER, required=True, help="要建立的业务文件夹 / the filing folder to make"
)
@click.option(
    "--serial",
    type=CODE,
    metavar="SERIAL",
    help="为哪把密钥的单位准备，插有多把时使用 / the key whose unit it is for, when several are plugged in",
)
@click.option("--port", metavar="PORT", help="密钥的端口 / serial port of the key")
@click.option(
    "--type",
    "form_type",
    type=FormType(PURPOSE_FILING),
    default=registry.USE_APPROVAL,
    show_default=True,
    help="表单类型 / type of the form",
)
@pass_settings
def prepare(
    settings: Settings,
    form: Path,
    attach: tuple[str, ...],
    out: Path,
    serial: str | None,
    port: str | None,
    form_type: str,
) -> FilingDescription:
    """用表单 FORM（JSON）和附件建立业务文件夹，此时不签署。

    表单中没有填写的单位信息，取自已插入的密钥。表单中的错误一次全部列出，并注明行和列。

    Make a filing folder from a FORM (JSON) and attachments.  Nothing is signed yet.

    Fields about the unit that the form leaves out are taken from the key that is plugged in; values
    that differ from the key's are refused, and so are dates after today.  All errors in a form are
    listed at once, with line and column.

    \b
    Example:  biandun filing prepare form.json --attach application_document=申请.pdf --out 用编申请
    """
    unit = _unit_of(settings, serial, port)
    filled, places = read_placed_form(form, unit)
    sources = [_source(one) for one in attach]
    return describe(preparing.prepare(out, filled, sources, form_type, unit=unit, places=places))


@group.command("sign")
@click.argument("folders", type=FOLDER, nargs=-1, required=True, metavar="FOLDER...")
@with_key
def sign(key: Key, folders: tuple[Path, ...]) -> Signed | list[Signed]:
    """用密钥签署材料，多份只需按一次按钮；重复执行得到相同的签名，崩溃或拔出密钥之后也一样。

    Have the key sign filings, several with one press of the button.  Repeating the command gives
    the same signatures, also after a crash or an unplugged key.

    \b
    Examples:  biandun filing sign 用编申请
               biandun filing sign 用编申请1 用编申请2 用编申请3
    """
    signatures = sign_all(key, [Folder(folder) for folder in folders])
    rows = [
        Signed(
            folder=folder,
            serial=key.info.serial,
            seq=signature.seq,
            statement_id=signature.statement_id,
            region=key.info.region,
        )
        for folder, signature in zip(folders, signatures, strict=True)
    ]
    return rows[0] if len(rows) == 1 else rows


@group.command("countersign")
@click.argument("folder", type=FOLDER)
@click.option(
    "--opinion",
    type=click.Choice(sorted(codes.TABLES["opinions"])),
    required=True,
    help="agree 同意，return 退回修改 / agree, or return for correction",
)
@click.option("--text", required=True, help="意见内容 / the opinion in words")
@click.option("--by", "prepared_by", required=True, metavar="NAME", help="经办人 / who prepared it")
@click.option(
    "--document-no",
    metavar="NO",
    help="用编申请文件文号（与 --opinion agree 同用） / number of the application document (with --opinion agree)",
)
@click.option("--document-title", metavar="TITLE", help="文件标题 / its title")
@click.option(
    "--document-date", metavar="DATE", help="文件日期，如 2026-11-24 / its date, like 2026-11-24"
)
@click.option(
    "--attach",
    "attach",
    multiple=True,
    metavar="[ROLE=]FILE",
    help="附件，例如文件扫描件 / a file to attach, such as the document's scan",
)
@with_key
def countersign(
    key: Key,
    folder: Path,
    opinion: str,
    text: str,
    prepared_by: str,
    document_no: str | None,
    document_title: str | None,
    document_date: str | None,
    attach: tuple[str, ...],
) -> Countersigned:
    """主管部门使用：核验材料，写明意见，用本部门的密钥签署。

    意见保存在 FOLDER/countersign 中，随材料一并提交。

    As the supervising department: verify the filing, and sign an opinion with your own key.

    The opinion is stored in FOLDER/countersign and submitted together with the filing.

    \b
    Example:  biandun filing countersign 用编申请 --opinion agree --text 同意 --by 王五
                --document-no 陇澜教函〔2026〕18号 --document-title 关于使用编制的申请 --document-date 2026-11-20
    """
    words: dict[str, object] = {"opinion": opinion, "text": text, "prepared_by": prepared_by}
    if document_no is not None:
        issuer = key.info.unit_name or ""
        words["document"] = {
            "doc_no": document_no,
            "title": document_title or "",
            "issuer": issuer,
            "issued_on": document_date or "",
        }
    added = reviews.countersign(key, Folder(folder), words, [_source(one) for one in attach])
    return Countersigned(
        folder=added.path,
        opinion=opinion,
        serial=key.info.serial,
        seq=added.state.seq,
        statement_id=bytes.fromhex(added.state.statement_id),
        region=key.info.region,
    )


@group.command("submit")
@click.argument("folder", type=FOLDER)
@OFFICE
@pass_settings
def submit(settings: Settings, folder: Path, url: str) -> Submitted:
    """提交已签署的材料（有主管部门意见的一并提交），取回回执。重复执行不会重复申报。

    Submit the signed filing, with its countersignature if there is one, and store the receipts.

    Repeating the command never files twice.

    \b
    Example:  biandun filing submit 用编申请 --office http://127.0.0.1:8420
    """
    filing, opinion = Folder(folder), folder / registry.COUNTERSIGN
    with Office(url) as office:
        accepted = filing.submit(office, settings.ui)
        added = Folder(opinion).submit(office, settings.ui) if opinion.is_dir() else None
    return Submitted(
        folder=folder,
        case=accepted.case,
        statement_id=accepted.statement_id,
        new=accepted.new,
        countersign=added.statement_id if added else None,
    )


@group.command("keep")
@click.argument("folder", type=FOLDER)
@click.option(
    "--office",
    "url",
    envvar="BIANDUN_OFFICE",
    type=ADDRESS,
    metavar="URL",
    help="编办服务器地址，默认为提交时的服务器 / the office's server; default: where it was submitted",
)
@with_key
def keep(key: Key, folder: Path, url: str | None) -> ReceiptKept:
    """让密钥核验并保存回执；主管部门意见和编办决定请给出各自的文件夹。

    Let the key verify and store the receipt; for a countersignature or a decision give its own
    folder.

    \b
    Example:  biandun filing keep 用编申请
    """
    filing = Folder(folder)
    filing.receipt()
    with Office(url or filing.state.office) as office:
        seq = filing.keep_receipt(key, office)
        key_status.refresh_if_stopped(key, office)
    return ReceiptKept(folder=folder, serial=key.info.serial, seq=seq)


@group.command("show")
@click.argument("folder", type=FOLDER)
def show(folder: Path) -> FilingDescription:
    """查看业务文件夹：表单全文、附件和办理进度。

    Show a filing folder: the whole form, its attachments, and its progress.

    \b
    Example:  biandun filing show 用编申请
    """
    return describe(Folder(folder))


@group.command("export")
@click.argument("folder", type=FOLDER)
def export(folder: Path) -> Exported:
    """把其他工具需要的部分单独写出：receipt.cose、receipt-payload.cbor 和 certificate.pem。

    Write the parts that other tools need as separate files: receipt.cose, receipt-payload.cbor and
    certificate.pem.

    \b
    Example:  biandun filing export 用编申请
    """
    return export_parts(Folder(folder))


@group.command("verify")
@click.argument("folder", type=FOLDER)
@click.option(
    "--root",
    type=Given(kinds.ROOT),
    help="编办根证书（PEM），须经其他途径取得 / the office's root certificate (PEM), from another channel",
)
@pass_settings
def verify(settings: Settings, folder: Path, root: bytes | None) -> Verified:
    """离线核验业务文件夹中的每个文件，并用一句话说明已证明什么、未证明什么。

    核验申报及其下各项意见、决定、此前版本的证书、签名、材料、回执。任何一项不符，或有文件无据可查时，退出状态为
    8。

    不给 --root 时使用文件夹内的根证书，只能说明文件夹自相一致：请把其指纹与编办公布的核对。

    Verify every file of a filing folder offline, and say in one sentence what is proven and what is
    not.

    Certificates, signatures, contents and receipts are verified, of the filing and of the opinions,
    decisions and earlier versions below it.  The exit status is 8 when one is invalid, or when a
    file cannot be accounted for.

    Without --root the folder's own root certificate is used, which proves only that the folder is
    consistent: compare its fingerprint with the one that the office published.

    \b
    Example:  biandun filing verify 用编申请 --root root.pem
    """
    verdict = evidence.verify_folder(folder, root)
    if not verdict.good:
        settings.exit_status = 8
    return Verified(
        folder=folder,
        good=verdict.good,
        outcome=verdict.outcome,
        root=verdict.root,
        warning=evidence.ROOT_FROM_FOLDER if verdict.root_from_folder else None,
        steps=[
            StepRow(name=step.name, good=step.good, found=step.found, part=step.part)
            for step in verdict.steps
        ],
        files=[FileRow(name=file.name, finding=file.finding, by=file.by) for file in verdict.files],
        sentence=sentence_of(verdict, settings.language),
    )
