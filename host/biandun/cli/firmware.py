"""biandun firmware: show a release, and install it on a key."""

import click

from biandun.cli.commands import Group
from biandun.cli.shared import Given, with_key
from biandun.descriptions import describe_release
from biandun.key import updating
from biandun.keys import Key
from biandun.results.computer import ReleaseDescription, Updated
from biandun_protocol import kinds
from biandun_protocol.catalogue import phrase
from biandun_protocol.release import Release


@click.group("firmware", cls=Group)
def group() -> None:
    """固件：查看发布文件，安装到密钥。

    Firmware: show a release, install it on a key.

    \b
    Examples:  biandun firmware show firmware.bd
               biandun firmware update firmware.bd --serial BD-000001
    """


@group.command("show")
@click.argument("release", type=Given(kinds.RELEASE))
def show(release: Release) -> ReleaseDescription:
    """查看固件发布文件 RELEASE 的说明；由谁签名由密钥核验。

    Show the description in a RELEASE; its signatures are verified by the key.

    \b
    Example:  biandun firmware show firmware.bd
    """
    return describe_release(release)


@group.command("update")
@click.argument("release", type=Given(kinds.RELEASE))
@with_key
def update(key: Key, release: Release) -> Updated:
    """把固件 RELEASE 传入密钥，与现有固件并存；中断后再次执行即继续。

    密钥核验厂商和编办的签名，要求按按钮，不需要口令。完成后请拔下重新插入：密钥试运行新固件，自检通过才保留，
    否则恢复原固件。密钥、口令和签名文件不变。

    Write a RELEASE to the key, beside its running firmware; an interrupted update is continued.

    The key verifies the signatures of vendor and office and asks for its button, but no PIN.  Then
    unplug it and plug it in again: it tries the new firmware and keeps it if its self-test passes;
    otherwise it returns to the old one.  Key pair, PINs and statements stay.

    \b
    Example:  biandun firmware update firmware.bd --serial BD-000001
    """
    updating.update(key, release)
    then = phrase("host.plug-in-again")
    return Updated(
        serial=key.info.serial,
        firmware=key.info.firmware,
        **vars(describe_release(release)),
        next=f"{then.zh} / {then.en}",
    )
