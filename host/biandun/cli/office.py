"""biandun office: log in, show and decide cases, show the office's log."""

from pathlib import Path

import click

from biandun import cases, key_status, retrieval, reviews, sessions
from biandun.cli.commands import Group
from biandun.cli.shared import (
    CODE,
    FOLDER,
    OFFICE,
    Given,
    Settings,
    pass_settings,
    with_key,
)
from biandun.cli.verdicts import sentence_of
from biandun.evidence import ROOT_FROM_FOLDER
from biandun.keys import Key
from biandun.office_client import Office
from biandun.results.office import (
    CaseDescription,
    CaseInWords,
    CaseLine,
    Decided,
    Fetched,
    GapsClosed,
    LoggedIn,
    LoggedOut,
    LogHead,
)
from biandun_protocol import codes, kinds
from biandun_protocol.certificate import Signed


@click.group("office", cls=Group)
def group() -> None:
    """编办服务器：用密钥登录，查看和办理业务，查看存证日志。

    服务器地址也可写在环境变量 BIANDUN_OFFICE 中。

    The office's server: log in with a key, show cases, decide them, show its log.

    The server's address can also be set in BIANDUN_OFFICE.

    \b
    Examples:  biandun office login --office http://127.0.0.1:8420
               biandun office cases
               biandun office case 629900HB2026000001
               biandun office show 629900HB2026000001
               biandun office fetch 629900HB2026000001 --out 用编申请
               biandun office decide 629900HB2026000001 --decision accept --text 材料齐全 --by 赵六
    """


def _office(url: str) -> Office:
    """A client, logged in if this account has stored a login."""
    office = Office(url)
    token = sessions.recall(office.url)
    if token is not None:
        office.use(token)
    return office


@group.command("login")
@OFFICE
@with_key
def login(key: Key, url: str) -> LoggedIn:
    """用密钥登录；登录在本机本账户保持数小时。

    Log in with the key; the login is valid for some hours, for this account on this computer.

    \b
    Example:  biandun office login --office http://127.0.0.1:8420
    """
    with Office(url) as office:
        session = key_status.retry_after_refresh(key, office, lambda: office.login(key))
        sessions.remember(office.url, session.token)
    return LoggedIn(
        office=url,
        unit_name=key.info.unit_name,
        roles=session.roles,
        expires=session.expires,
    )


@group.command("logout")
@OFFICE
def logout(url: str) -> LoggedOut:
    """退出登录。

    Log out.

    \b
    Example:  biandun office logout --office http://127.0.0.1:8420
    """
    with _office(url) as office:
        try:
            office.post("/logout")
        finally:
            sessions.forget(office.url)
    return LoggedOut(office=url)


@group.command("log")
@OFFICE
def log(url: str) -> LogHead:
    """查看编办存证日志的条数和根散列。

    Show the size and the root hash of the office's evidence log.

    \b
    Example:  biandun office log --office http://127.0.0.1:8420
    """
    with Office(url) as office:
        return office.log()


@group.command("cases")
@click.option(
    "--state",
    type=CODE,
    metavar="STATE",
    help="只列出该状态的业务，例如 SUBMITTED / only cases in this state, such as SUBMITTED",
)
@OFFICE
def list_cases(state: str | None, url: str) -> list[CaseLine]:
    """列出可以查看的业务。

    List the cases that you may see.

    \b
    Example:  biandun office cases --state SUBMITTED
    """
    with _office(url) as office:
        return office.cases(state)


@group.command("case")
@click.argument("number", type=CODE)
@OFFICE
def case(number: str, url: str) -> CaseInWords:
    """查看一项业务：最新申报的全文、主管部门意见和编办意见，以及经签名的办理过程。

    Show a case: the newest filing in full, the opinions and decisions on it, and its signed history.

    \b
    Example:  biandun office case 629900HB2026000001
    """
    with _office(url) as office:
        return cases.in_words(retrieval.read(office, number))


@group.command("show")
@click.argument("number", type=CODE)
@OFFICE
def show(number: str, url: str) -> CaseDescription:
    """阅读一项业务的最新申报：表单全文、各个附件，以及主管部门意见和编办意见。

    需要保存附件、核验签名和回执时，请用 biandun office fetch。

    Read the newest filing of a case: the whole form, every attachment, the opinions and decisions
    on it.

    It verifies neither signatures nor receipts: biandun office fetch does, and stores the
    attachments.

    \b
    Example:  biandun office show 629900HB2026000001
    """
    with _office(url) as office:
        return cases.describe(retrieval.read(office, number))


@group.command("fetch")
@click.argument("number", type=CODE)
@click.option(
    "--out", type=FOLDER, required=True, help="要建立的业务文件夹 / the filing folder to make"
)
@OFFICE
@pass_settings
def fetch(settings: Settings, number: str, out: Path, url: str) -> Fetched:
    """把一项业务的最新申报取回到新文件夹：材料、附件、签名、证书、回执，以及各项意见。

    通过核验才会保存；根证书取自该服务器，请用 biandun filing verify --root 以另行取得的根证书核验。

    Fetch the newest filing of a case into a new folder: form, attachments, signature, certificates,
    receipt, and the opinions on it.

    The folder is kept only if it verifies.  Its root certificate comes from that server: verify the
    folder with biandun filing verify --root and a root from another channel.

    \b
    Example:  biandun office fetch 629900HB2026000001 --out 用编申请
    """
    with _office(url) as office:
        verdict = retrieval.fetch(office, number, out)
    return Fetched(
        folder=out,
        case=number,
        good=verdict.good,
        outcome=verdict.outcome,
        root=verdict.root,
        warning=ROOT_FROM_FOLDER,
        sentence=sentence_of(verdict, settings.language),
    )


@group.command("decide")
@click.argument("number", type=CODE)
@click.option(
    "--decision",
    type=click.Choice(sorted(codes.TABLES["decisions"])),
    required=True,
    help="accept 受理，return 退回修改 / accept for review, or return for correction",
)
@click.option("--text", required=True, help="理由 / the reason in words")
@click.option("--by", "prepared_by", required=True, metavar="NAME", help="经办人 / who prepared it")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="决定的文件夹，默认 decision-NUMBER / folder of the decision; default: decision-NUMBER",
)
@OFFICE
@with_key
def decide(
    key: Key, number: str, decision: str, text: str, prepared_by: str, out: Path | None, url: str
) -> Decided:
    """编办工作人员使用：签署并提交对一项业务的决定。重复执行不会重复决定。

    As an officer of the office: sign a decision on a case and submit it.  Repeating the command
    never decides twice.

    \b
    Example:  biandun office decide 629900HB2026000001 --decision accept --text 材料齐全 --by 赵六
    """
    with _office(url) as office:
        read = retrieval.read(office, number)
        words: dict[str, object] = {
            "case": number,
            "statement": read.filing.statement.id,
            "decision": decision,
            "text": text,
            "prepared_by": prepared_by,
        }
        about = [entry.manifest.form for entry in read.entries]
        path = out or Path(f"decision-{number}")
        folder = key_status.retry_after_refresh(
            key, office, lambda: reviews.decide(key, path, words, about)
        )
        accepted = key_status.retry_after_refresh(key, office, lambda: folder.submit(office))
    return Decided(
        case=accepted.case,
        decision=decision,
        statement_id=accepted.statement_id,
        new=accepted.new,
        folder=folder.path,
    )


@group.command("close-gap")
@click.argument("links", type=Given(kinds.LINKS))
@OFFICE
def close_gap(links: Signed, url: str) -> GapsClosed:
    """提交链接清单（biandun keys export-links），用于材料确已遗失时。

    Submit an export of links (biandun keys export-links), when statements were lost.

    \b
    Example:  biandun office close-gap links.bd --office http://127.0.0.1:8420
    """
    with Office(url) as office:
        return office.close_gap(links)
