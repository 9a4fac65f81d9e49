"""What people read, by code: message and next step, Chinese first, English second.

Every code that a key, a host or an office can answer with stands here once; a test fails for a code
without an entry.  Blanks in braces are filled with the problem's values; a value that is missing
shows as "?".
"""

from collections.abc import Mapping
from typing import NamedTuple


class Entry(NamedTuple):
    """The words of one code."""

    zh: str
    en: str
    next_zh: str
    next_en: str


class Phrase(NamedTuple):
    """A value that is words itself, and fills a blank in the language of the message."""

    zh: str
    en: str


_RETRY = ("请重试。", "Try again.")
_REPORT = (
    "请把本提示和代码告知编办技术支持。",
    "Report this message and its code to the office's support.",
)
_NEW_FILE = ("请让对方重新导出并传送该文件。", "Ask for the file to be exported and sent again.")
_SIGN_AGAIN = ("请用密钥重新签署后再提交。", "Sign it again with the key, then submit.")
_ASK_OFFICE = (
    "请联系编办密钥管理员。",
    "Contact the key administrator of the establishment office.",
)
_FIX_FORM = ("请按提示修改表单后重试。", "Correct the form as shown and try again.")

ENTRIES: dict[str, Entry] = {
    # --- answers of a key
    # ------------------------------------------------------------------
    "unknown-command": Entry(
        "密钥不认识这个命令。",
        "The key does not know this command.",
        "请升级密钥固件或本软件。",
        "Update the key's firmware or this program.",
    ),
    "unsupported-version": Entry(
        "密钥与本软件的协议版本不同。",
        "The key speaks another protocol version.",
        "请升级密钥固件或本软件。",
        "Update the key's firmware or this program.",
    ),
    "malformed": Entry("数据格式不正确。", "The data is malformed.", *_REPORT),
    "unknown-field": Entry(
        "消息含有未知字段。",
        "The message has an unknown field.",
        "请升级密钥固件或本软件。",
        "Update the key's firmware or this program.",
    ),
    "missing-field": Entry("消息缺少必填字段。", "The message lacks a required field.", *_REPORT),
    "bad-field": Entry(
        "消息中某个字段的类型或长度不正确。",
        "A field of the message has a wrong type or length.",
        *_REPORT,
    ),
    "too-large": Entry(
        "数据超过允许的大小。",
        "The data is over the allowed size.",
        "请减小材料后重试。",
        "Make it smaller and try again.",
    ),
    "request-id-reused": Entry(
        "请求编号被重复用于不同内容。", "A request id was used again for something else.", *_RETRY
    ),
    "wrong-state": Entry(
        "密钥当前状态不允许此操作。",
        "The key's state does not allow this.",
        "请先完成密钥的启用步骤（biandun keys info 可查看状态）。",
        "Finish setting up the key first (`biandun keys info` shows its state).",
    ),
    "not-found": Entry(
        "密钥中没有该记录。",
        "The key has no such record.",
        "请核对编号，或用 biandun keys chain 查看最近的记录。",
        "Check the number, or see the latest with `biandun keys chain`.",
    ),
    "no-stream": Entry("密钥没有正在接收的材料。", "The key is not receiving a manifest.", *_RETRY),
    "cancelled": Entry(
        "操作已取消，没有签署任何内容。",
        "Cancelled; nothing was signed.",
        "需要时请重新开始。",
        "Start again when you need it.",
    ),
    "presence-refused": Entry(
        "未在密钥上确认，没有签署任何内容。",
        "Not confirmed on the key; nothing was signed.",
        "请重试并按下密钥按钮确认。",
        "Try again and press the key's button.",
    ),
    "presence-timeout": Entry(
        "等待按键超时，没有签署任何内容。",
        "Nobody pressed the key's button in time; nothing was signed.",
        "请重试并在 30 秒内按下密钥按钮。",
        "Try again and press the button within 30 seconds.",
    ),
    "store-full": Entry(
        "密钥存储已满。",
        "The key's store is full.",
        "请先提交已签署的业务并取得回执，再重试。",
        "Submit what is signed and hand its receipts to the key, then try again.",
    ),
    "store-damaged": Entry(
        "密钥存储已损坏，为防止重复签署已停止使用。",
        "The key's store is damaged; it signs nothing more, so that nothing is signed twice.",
        "请把密钥交编办更换，已签署的材料仍可读出。",
        "Have the office replace the key; what it signed can still be read.",
    ),
    "out-of-memory": Entry(
        "密钥内存不足。",
        "The key ran out of memory.",
        "请拔下重新插入后重试。",
        "Unplug the key, plug it in and try again.",
    ),
    "secret-invalid": Entry(
        "密钥内的私钥已损坏，没有签署任何内容。",
        "The private key inside the key is damaged; nothing was signed.",
        "请停止使用该密钥，并请编办吊销、更换。",
        "Stop using this key and have the office revoke and replace it.",
    ),
    "signature-fault": Entry(
        "密钥复核新签名未通过，签名没有送出。",
        "The key checked its fresh signature and found it wrong; the signature did not leave the key.",
        "请拔下重新插入后重试；再次出现时请交编办更换。",
        "Unplug the key, plug it in and try again; if it happens again, have the office replace the key.",
    ),
    "entropy-failed": Entry(
        "密钥的随机数来源发生故障，已停止签署；查询仍可使用。",
        "The key's source of randomness has failed; it signs nothing, reading still works.",
        "请拔下重新插入后重试；再次出现时请交编办更换。",
        "Unplug the key, plug it in and try again; if it happens again, have the office replace the key.",
    ),
    "internal": Entry("发生内部错误。", "An internal error happened.", *_REPORT),
    "length-mismatch": Entry(
        "收到的材料长度与声明不符，没有签署。",
        "The manifest's length is not what was announced; nothing was signed.",
        *_RETRY,
    ),
    "digest-mismatch": Entry(
        "内容与摘要不符。",
        "The content does not match its digest.",
        "文件可能被改动，请重新签署。",
        "The file may have been changed; sign it again.",
    ),
    "summary-malformed": Entry(
        "材料的摘要信息不正确，密钥拒绝签署。",
        "The manifest's summary is malformed; the key refuses to sign.",
        *_REPORT,
    ),
    "unit-mismatch": Entry(
        "材料属于另一单位，密钥拒绝签署。",
        "The manifest belongs to another unit; the key refuses to sign.",
        "请使用该单位自己的密钥。",
        "Use that unit's own key.",
    ),
    "schema-unknown": Entry(
        "不认识这种材料格式。",
        "The manifest's schema is not known.",
        "请升级本软件或密钥固件。",
        "Update this program or the key's firmware.",
    ),
    "purpose-refused": Entry(
        "该密钥无权签署此类业务。",
        "This key may not sign for this purpose.",
        "请使用有相应权限的密钥。",
        "Use a key that has this authority.",
    ),
    "idempotency-conflict": Entry(
        "同一业务标识已用于不同的材料。",
        "The same idempotency key was used for another manifest.",
        "请把修改后的材料作为新业务重新准备。",
        "Prepare the changed material as a new filing.",
    ),
    "clock-behind": Entry(
        "密钥从编办得知的时间是 {floor}，晚于本机时间 {computer}。",
        "The key last heard {floor} from its office; this computer says {computer}.",
        "本机时间不对的，请校准后重试；本机时间正确的，是编办时钟曾经超前：请运行 biandun keys challenge，向编办申请改正时间的指令（set-time）。",
        "If this computer's clock is wrong, set it and try again; if it is right, the office's was ahead: ask the office for an order with"
        " `biandun keys challenge` (set-time).",
    ),
    "certificate-expired": Entry("证书已过有效期。", "The certificate has expired.", *_ASK_OFFICE),
    "anchor-present": Entry(
        "密钥已装入信任根，不能更换。",
        "The key already has its root of trust; it cannot be replaced.",
        *_ASK_OFFICE,
    ),
    "anchor-invalid": Entry(
        "信任根材料无效。",
        "The root of trust does not verify.",
        "请向编办重新领取启用文件。",
        "Ask the office for a new offer file.",
    ),
    "profile-invalid": Entry(
        "编办签发的单位信息无效。",
        "The office's profile for this key does not verify.",
        "请向编办重新领取授权文件。",
        "Ask the office for a new grant file.",
    ),
    "serial-mismatch": Entry(
        "文件属于另一把密钥。",
        "This is meant for another key.",
        "请核对密钥序列号。",
        "Check the key's serial number.",
    ),
    "key-mismatch": Entry(
        "证书中的公钥与本密钥不符。",
        "The certificate is for another key pair.",
        "请向编办重新领取授权文件。",
        "Ask the office for a new grant file.",
    ),
    "order-invalid": Entry(
        "编办指令无效。",
        "The office's order does not verify.",
        "请向编办重新领取指令文件。",
        "Ask the office for a new order.",
    ),
    "order-stale": Entry(
        "编办指令已用过，或不是针对密钥最近一次申请签发的。",
        "The order was used already, or was not made for the key's latest challenge.",
        "请运行 biandun keys challenge 生成新的申请文件，交编办重新签发。",
        "Write a new challenge with `biandun keys challenge` and give it to the office.",
    ),
    "order-needed": Entry(
        "密钥已启用，只能凭编办的重置指令清除。",
        "The key is in service; it is reset on its office's order only.",
        "请运行 biandun keys challenge 生成申请文件，交编办签发重置指令。",
        "Write a challenge with `biandun keys challenge` and ask the office for a reset order.",
    ),
    "card-invalid": Entry(
        "单位卡无效。",
        "The unit card does not verify.",
        "请向编办重新领取单位卡。",
        "Ask the office for the unit card again.",
    ),
    "card-older": Entry(
        "密钥中的单位卡更新，不能用旧卡替换。",
        "The key has a newer unit card; an older one does not replace it.",
        "无需处理；如数据有误，请联系编办。",
        "Nothing to do; if its data is wrong, contact the office.",
    ),
    "officers-invalid": Entry(
        "指定解锁人员的文件无效。",
        "The office's statement about the unblocking officers does not verify.",
        "请向编办重新领取该文件。",
        "Ask the office for the file again.",
    ),
    "officers-older": Entry(
        "密钥中的解锁人员更新，不能用旧文件替换。",
        "The key knows newer unblocking officers; an older statement does not replace them.",
        "请向编办领取最新的文件。",
        "Ask the office for the latest file.",
    ),
    "unblock-unset": Entry(
        "这把密钥没有设置解锁人员，口令锁定后只能重置。",
        "This key knows no unblocking officers; once its PIN is locked only a reset is left.",
        "口令未锁定时，请向编办领取解锁人员文件并运行 biandun keys officers；已锁定的，请运行 biandun keys challenge 申请重置。",
        "While the PIN works, ask the office for the officers' file and run `biandun keys officers`; else ask for a reset with `biandun keys challenge`.",
    ),
    "unblock-wrong": Entry(
        "解锁码不正确，还可以再试 {tries_left} 次。",
        "The codes are not right; {tries_left} tries left.",
        "请与两位解锁人员分别核对序列号、用户、编号和校验码后重试。",
        "Compare serial, user, number and check with both officers, and try again.",
    ),
    "unblock-locked": Entry(
        "解锁码输错次数过多，解锁功能已停用。",
        "Too many wrong codes; the key takes no others.",
        "记得口令的 0 号用户可运行 biandun keys officers 重新设置；否则请运行 biandun keys challenge 申请重置。",
        "User 0, with the PIN, sets it up again with `biandun keys officers`; else ask for a reset with `biandun keys challenge`.",
    ),
    "code-mistyped": Entry(
        "解锁码有误：应为 13 位字母和数字，最后一位是校验位。",
        "This is no code: it has 13 letters and digits, the last of which is a check.",
        "请逐位核对后重新输入，未计入次数。",
        "Compare letter by letter and enter it again; no try was used.",
    ),
    "share-foreign": Entry(
        "该份额不是为这位解锁人员封装的，或文件已损坏。",
        "This share was not sealed to this officer, or the file is damaged.",
        "请确认姓名无误，并让单位重新导出份额文件（biandun keys shares）。",
        "Check the name, and have the unit export its shares again (`biandun keys shares`).",
    ),
    "status-invalid": Entry(
        "密钥状态文件无效。",
        "The office's statement about the state of this key does not verify.",
        "请确认文件来自本密钥的编办，并重新领取（biandun-office status）。",
        "Make sure that the file is from this key's office, and ask for it again (`biandun-office status`).",
    ),
    "status-older": Entry(
        "密钥已收到更新的状态，旧文件不再有效。",
        "The key has heard something newer about its state; an older statement counts no more.",
        "请向编办领取最新的状态文件，或联网运行 biandun keys status --office 网址；编办恢复过备份的，请其对该密钥重新作出决定（先暂停，再恢复）。",
        "Ask the office for the latest, or run `biandun keys status --office URL`; an office that was restored from a backup decides again: `suspend`, then `resume`.",
    ),
    "profile-older": Entry(
        "密钥中的证书更新，不能用旧证书替换。",
        "The key has a newer certificate; an older one does not replace it.",
        "无需处理；如需换发，请向编办领取新的授权文件。",
        "Nothing to do; for a new certificate ask the office for a new grant file.",
    ),
    "release-invalid": Entry(
        "固件发布文件无效：须由厂商和运营单位共同签名，且适用于本型号密钥。",
        "The firmware release does not hold: vendor and operator must both have signed it, for this kind of key.",
        "请向编办重新领取固件文件。",
        "Ask the office for the firmware file again.",
    ),
    "release-older": Entry(
        "固件版本低于密钥允许的最低版本，未安装。",
        "This firmware is older than the key still takes; it was not installed.",
        "请使用编办最新发布的固件。",
        "Use the latest firmware from the office.",
    ),
    "update-unavailable": Entry(
        "这把密钥不支持在线更新固件。",
        "The firmware of this key cannot be updated this way.",
        "请将密钥交编办处理。",
        "Take the key to the office.",
    ),
    "update-incomplete": Entry(
        "固件尚未传完。",
        "The firmware has not arrived in full.",
        "请再次运行 biandun firmware update，将从中断处继续。",
        "Run `biandun firmware update` again; it goes on where it stopped.",
    ),
    "firmware-outdated": Entry(
        "密钥固件低于允许的最低版本，已停止签署。",
        "The key's firmware is older than it may be; it signs nothing.",
        "请安装编办最新发布的固件。",
        "Install the latest firmware from the office.",
    ),
    "release-unapproved": Entry(
        "固件尚未经编办批准签名。",
        "The office has not approved this firmware.",
        "请由编办运行 biandun-office approve-release。",
        "Have the office sign it with `biandun-office approve-release`.",
    ),
    "outbox-full": Entry(
        "密钥的发件箱已满。",
        "The key's outbox is full.",
        "请先把已在密钥中的文件送交上级并取回回执（biandun outbox list 可查看）。",
        "Hand over what travels on the key and bring back the receipts first (`biandun outbox list`).",
    ),
    "receipt-present": Entry(
        "这份材料的回执已在密钥中，无需再送。",
        "The key has the receipt of this filing; it need not travel.",
        "请运行 biandun outbox collect 取回回执。",
        "Take the receipt with `biandun outbox collect`.",
    ),
    "not-set-back": Entry(
        "该密钥没有被恢复成旧数据，不需要续签指令。",
        "The key was not set back; it needs no order to go on.",
        "请核对申请文件，或查看密钥的实际问题。",
        "Check the challenge file, or what really is wrong with the key.",
    ),
    "challenge-implausible": Entry(
        "申请文件中的序列号 {seq} 远高于本编办已知的 {known}。",
        "The challenge claims number {seq}, far above {known}, the highest that the office knows.",
        "请让单位用 biandun keys challenge 重新生成申请文件。",
        "Ask for a new challenge, written with `biandun keys challenge`.",
    ),
    "gap-unknown": Entry(
        "该密钥没有这个空缺。",
        "The key has no such gap.",
        "请用 biandun-office alerts 查看空缺。",
        "Look at the gaps with `biandun-office alerts`.",
    ),
    "card-stale": Entry(
        "密钥中的单位卡已过期，密钥拒绝签署。",
        "The unit card on the key is out of date; the key refuses to sign.",
        "请联网同步或向编办领取新的单位卡（biandun keys card --put）。",
        "Get a new unit card from the office (`biandun keys card --put`).",
    ),
    "offline-limit": Entry(
        "密钥签署的份数已达离线上限，需要编办的新消息。",
        "The key has signed as much as it may without word from the office.",
        "请提交已签署的材料并让密钥保存回执，或更新单位卡。",
        "Hand in what is signed and let the key keep the receipts, or put a new unit card on it.",
    ),
    "role-refused": Entry(
        "角色 {role} 不能有用途 {purpose}。",
        "The role {role} does not have the purpose {purpose}.",
        "请改用其他角色，或去掉该用途。",
        "Choose another role, or leave the purpose out.",
    ),
    "wrong-device": Entry(
        "端口上的密钥是 {found}，不是它声明的 {serial}。",
        "The key on this port is {found}, not {serial} as its port says.",
        "请拔下重插；仍然出现时请把密钥交编办核查。",
        "Plug it in again; if it stays, take the key to the office.",
    ),
    "key-not-set-up": Entry(
        "密钥尚未启用。",
        "The key is not set up yet.",
        "请凭编办的启用文件运行 biandun keys enroll。",
        "Run `biandun keys enroll` with the office's offer.",
    ),
    "computer-clock": Entry(
        "本机时钟不对：本机时间是 {computer}，编办时间是 {office}，密钥从编办得知的时间是 {floor}。",
        "This computer's clock is wrong: it says {computer}; the office says {office}, and the key has heard {floor}.",
        "请校准本机日期和时间。",
        "Set this computer's date and time.",
    ),
    "key-ahead": Entry(
        "密钥记下的时间不对：密钥从编办得知的时间是 {floor}，而本机时间是 {computer}，编办时间是 {office}。",
        "The key has a wrong time: it last heard {floor} from its office; this computer says {computer}, the office {office}.",
        "请运行 biandun keys challenge，向编办申请改正时间的指令（set-time），再用 biandun keys carry-out 执行。",
        "Ask the office for an order to set its time: `biandun keys challenge`, then `biandun keys carry-out` (set-time).",
    ),
    "office-time-behind": Entry(
        "编办时钟可能不对：编办时间是 {office}，早于它告诉过密钥的 {floor}；本机时间是 {computer}。",
        "The office's clock may be wrong: it says {office}, and has told this key {floor}; this computer says {computer}.",
        "请告知编办核对其时钟。",
        "Tell the office to check its clock.",
    ),
    "clocks-differ": Entry(
        "本机时间是 {computer}，编办时间是 {office}，二者必有一错（密钥从编办得知的时间是 {floor}）。",
        "This computer says {computer}, the office {office}: one of them is wrong (the key last heard {floor}).",
        "请与其他钟表核对：本机不对的，请校准；否则请告知编办。",
        "Compare with another clock: set this computer's if it is the wrong one, else tell the office.",
    ),
    "firmware-old": Entry(
        "密钥固件版本 {version} 过旧，本软件要求 {least} 以上。",
        "The key's firmware {version} is too old; this program wants {least} or later.",
        "请联系编办升级密钥固件。",
        "Have the office update the key's firmware.",
    ),
    "key-faulty": Entry(
        "密钥自检发现过 {count} 次故障，最近一次：{last}。",
        "The key has found itself faulty {count} times, at last: {last}.",
        "请停止使用该密钥，交编办核查。",
        "Stop using it and take it to the office.",
    ),
    "certificate-expiring": Entry(
        "密钥证书将在 {days} 天后到期。",
        "The key's certificate expires in {days} days.",
        "请在到期前联系编办换发证书。",
        "Ask the office for a new one before that.",
    ),
    "modem-manager": Entry(
        "ModemManager 正在运行，可能抢占密钥端口。",
        "ModemManager is running and may grab a key's port.",
        "请运行 sudo biandun install-udev，然后重新插入密钥。",
        "Run `sudo biandun install-udev`, then plug the key in again.",
    ),
    "audit-contradicts": Entry(
        "密钥 {serial} 的审计记录与先前收到的矛盾；两份均已保存。",
        "The audit ring of key {serial} contradicts the one that came before; both are kept.",
        "请暂停该密钥并联系单位核查。",
        "Suspend the key and call its unit.",
    ),
    "session-required": Entry(
        "该操作必须通过加密会话进行。",
        "This goes through a sealed session only.",
        "请升级本软件。",
        "Update this program.",
    ),
    "session-lost": Entry(
        "与密钥的加密会话已中断。",
        "The sealed session with the key is over.",
        "请重试；反复出现时请检查是否有其他程序占用密钥端口。",
        "Try again; if it comes back, look for another program on the key's port.",
    ),
    "session-unavailable": Entry(
        "该密钥的证书中没有设备公钥，无法加密传送口令。",
        "The key's certificate names no device key, so its PIN cannot be sealed.",
        "请联系编办换发证书；仅在可信的计算机上可用 --unsealed 明文传送口令。",
        "Ask the office for a new certificate; on a computer that you trust, --unsealed sends the PIN as it is.",
    ),
    "key-changed": Entry(
        "此密钥与本机记录的不是同一把，没有发送任何口令。",
        "This is not the key that this computer knows under that serial number; no PIN was sent.",
        "请核对密钥和单位；确认更换无误后运行 biandun keys forget {serial}。",
        "Check the key and its unit; if the change is right, run `biandun keys forget {serial}`.",
    ),
    "key-not-genuine": Entry(
        "对方不能证明自己是编办认证的密钥，没有发送任何口令。",
        "What answers cannot prove to be the key that the office certified; no PIN was sent.",
        "请直接插入计算机的 USB 口重试；仍然出现时请把密钥交编办核查。",
        "Plug the key straight into the computer and try again; if it stays, take the key to the office.",
    ),
    "key-unknown": Entry(
        "没有确认首次使用的密钥，没有发送任何口令。",
        "The key is new to this computer and was not confirmed; no PIN was sent.",
        "请向编办核对设备指纹后重试。",
        "Compare the fingerprint with the office's, then try again.",
    ),
    "known-keys-unreadable": Entry(
        "本机的已知密钥记录 {path} 无法读取：{detail}。",
        "This computer's record of known keys, {path}, cannot be read: {detail}.",
        "请修复或移走该文件；移走后每把密钥都要重新确认。",
        "Repair the file or move it away; then every key has to be confirmed again.",
    ),
    "pin-required": Entry(
        "密钥已锁定，需要输入口令。",
        "The key is locked; it needs a PIN.",
        "请输入口令。",
        "Enter the PIN.",
    ),
    "pin-wrong": Entry(
        "口令不正确，还可以再试 {tries_left} 次。",
        "Wrong PIN; {tries_left} tries left.",
        "请核对后再输入；次数用完后口令将被锁定。",
        "Check it and enter it again; when no try is left the PIN is locked.",
    ),
    "pin-wait": Entry(
        "口令刚刚输错，密钥要求等待 {wait} 秒后再试。",
        "A PIN was wrong; the key waits {wait} seconds before it looks at the next.",
        "请稍候再输入；等待时间随错误次数加倍，拔下密钥不会缩短。",
        "Wait, then enter it again; the time doubles with each wrong PIN, and unplugging does not shorten it.",
    ),
    "rolled-back": Entry(
        "密钥存储被恢复成旧数据，已停止签署；查询仍可使用。",
        "The key's storage was set back to older data; it signs nothing, reading still works.",
        "请把密钥交编办核查；经编办确认后才能继续使用。",
        "Take the key to the office; it goes on only after the office has said how.",
    ),
    "pin-locked": Entry(
        "口令错误次数过多，已被锁定。",
        "Too many wrong PINs; the PIN is locked.",
        "请联系编办的两位解锁人员，然后运行 biandun keys unblock --shares 份额文件（biandun keys unblock-request 显示需要告知对方的内容）。",
        "Call the office's two unblocking officers, then run `biandun keys unblock --shares FILE` (`biandun keys unblock-request` shows what to tell them).",
    ),
    "pin-format": Entry(
        "口令应为 6 至 32 个字符（一个汉字按三个计，但至少要有六个字）；没有消耗尝试次数。",
        "A PIN has 6 to 32 characters (at most 32 bytes of UTF-8); no try was used up.",
        "请核对输入，或换一个口令。",
        "Check what was entered, or choose another PIN.",
    ),
    "pin-weak": Entry(
        "口令太容易被猜到：连续或重复的数字、日期、密钥序列号和常见口令都不接受。",
        "This PIN is guessed first: runs, repeats, dates, the key's serial number and common PINs are not taken.",
        "请换一个别人想不到的口令。",
        "Choose one that nobody would think of.",
    ),
    "pin-unset": Entry(
        "密钥尚未设置口令。",
        "The key has no PIN yet.",
        "请先运行 biandun keys set-pin 设置口令。",
        "Set one with `biandun keys set-pin`.",
    ),
    "pin-set": Entry(
        "该用户已设置口令。",
        "This user has a PIN already.",
        "请用 biandun keys change-pin 更换口令。",
        "Change it with `biandun keys change-pin`.",
    ),
    "slot-refused": Entry(
        "没有该用户，或需要先由管理用户（0 号）登录。",
        "There is no such user, or user 0 must unlock the key first.",
        "请核对用户号。",
        "Check the user number.",
    ),
    "origin-malformed": Entry(
        "登录地址不正确。",
        "The address to log in at is malformed.",
        "请核对服务器地址。",
        "Check the server's address.",
    ),
    "receipt-not-yet": Entry(
        "密钥中还没有这份材料的回执。",
        "The key has no receipt for it yet.",
        "请先在联网的计算机上用 biandun outbox submit 提交。",
        "Hand it in on a computer with a network first: `biandun outbox submit`.",
    ),
    "receipt-malformed": Entry(
        "回执格式不正确。",
        "The receipt is malformed.",
        "请从编办重新下载回执。",
        "Download the receipt from the office again.",
    ),
    "receipt-foreign": Entry(
        "回执不是本编办签发的。",
        "The receipt is from another office.",
        "请从受理本业务的编办下载回执。",
        "Download the receipt from the office that took the filing in.",
    ),
    "receipt-signature": Entry(
        "回执签名无效。",
        "The receipt's signature does not verify.",
        "请从编办重新下载回执；仍无效时请报告。",
        "Download the receipt again; report it if it still fails.",
    ),
    "receipt-mismatch": Entry(
        "回执对应的是另一份材料。",
        "The receipt is for another statement.",
        "请下载本业务的回执。",
        "Download the receipt of this filing.",
    ),
    "receipt-proof": Entry(
        "回执不能证明材料已列入编办的存证日志。",
        "The receipt does not prove that the statement is in the office's log.",
        "请保留该回执并报告编办和监督部门。",
        "Keep the receipt and report it to the office and its supervisor.",
    ),
    "receipt-older": Entry(
        "回执所依据的日志比密钥已核验的更旧。",
        "The receipt's log is older than what the key has verified.",
        "请从编办重新下载最新回执。",
        "Download a fresh receipt from the office.",
    ),
    "receipt-consistency": Entry(
        "编办的存证日志与密钥以前核验的不一致。",
        "The office's log does not continue the one that the key verified before.",
        "请保留证据并报告编办和监督部门。",
        "Keep the evidence and report it to the office and its supervisor.",
    ),
    # --- bytes, signatures and forms
    # ------------------------------------------------------------------
    "statement-malformed": Entry(
        "签名文件格式不正确（{detail}）。", "The statement is malformed ({detail}).", *_NEW_FILE
    ),
    "header-invalid": Entry(
        "签名文件的受保护头不符合规范：{field}。",
        "The statement's protected header breaks a rule: {field}.",
        *_NEW_FILE,
    ),
    "algorithm-unknown": Entry(
        "不支持该签名算法（{alg}）。",
        "The signature algorithm {alg} is not supported.",
        "请升级本软件。",
        "Update this program.",
    ),
    "purpose-mismatch": Entry(
        "签名文件的用途不是“{expected}”。",
        "The statement's purpose is not {expected}.",
        "请提交正确的文件。",
        "Use the right file.",
    ),
    "algorithm-mismatch": Entry(
        "签名文件使用的算法（{alg}）与证书登记的算法（{certified}）不同。",
        "The statement is signed with {alg}, but its key was certified for {certified}.",
        *_ASK_OFFICE,
    ),
    "kid-mismatch": Entry(
        "签名文件不是由所指的密钥签署的。", "The statement names another signing key.", *_NEW_FILE
    ),
    "key-invalid": Entry("公钥无效。", "The public key is not a point of the curve.", *_REPORT),
    "signature-invalid": Entry("签名无效。", "The signature does not verify.", *_SIGN_AGAIN),
    "signature-high-s": Entry(
        "签名不是规范形式（s 值过大），可能被人改写。",
        "The signature is not in its canonical form (high s); somebody may have rewritten it.",
        "请提交密钥原来签出的文件。",
        "Submit the file as the key made it.",
    ),
    "certificate-invalid": Entry(
        "证书材料无效：{field}。", "The certificate does not hold: {field}.", *_ASK_OFFICE
    ),
    "login-mismatch": Entry(
        "登录应答与本次登录不符：{field}。",
        "The answer is not for this login: {field}.",
        "请重新登录。",
        "Log in again.",
    ),
    "links-malformed": Entry(
        "链接清单不正确：{field}。", "The export of links is malformed: {field}.", *_NEW_FILE
    ),
    "manifest-malformed": Entry(
        "材料清单格式不正确（{field} {detail}）。",
        "The manifest is malformed ({field} {detail}).",
        *_NEW_FILE,
    ),
    "manifest-too-large": Entry(
        "材料清单过大（{size} 字节，上限 {limit}）。",
        "The manifest is too large ({size} bytes, limit {limit}).",
        "请减少条目或说明文字。",
        "Use fewer items or less text.",
    ),
    "manifest-contradicts": Entry(
        "签名与材料内容不一致：{field}。",
        "Signature and manifest contradict each other: {field}.",
        *_SIGN_AGAIN,
    ),
    "form-invalid": Entry(
        "表单项“{field}”不符合要求：{rule}。",
        "Form field {field} breaks a rule: {rule}.",
        *_FIX_FORM,
    ),
    # --- the workstation
    # ------------------------------------------------------------------
    "date-future": Entry(
        "“{field}”写的是 {date}，晚于今天（{today}）。",
        "{field} says {date}, which is after today ({today}).",
        "请更正日期；如果今天的日期不对，请先校准这台计算机的时钟。",
        "Correct the date; if today's date is wrong, set this computer's clock first.",
    ),
    "unit-foreign": Entry(
        "表单的“{field}”写的是“{found}”，插入的密钥属于“{own}”。",
        "The form's {field} says {found}, the key that is plugged in belongs to {own}.",
        "请更正表单，或插入该单位自己的密钥；由密钥填写时可删去这一项。",
        "Correct the form, or plug in that unit's own key; left out, the key fills it in.",
    ),
    "key-not-found": Entry(
        "没有找到电子编制管理证密钥{serial}。",
        "No key was found{serial}.",
        "请插入密钥；若已插入，请换一个 USB 口。",
        "Plug the key in; if it is, try another USB port.",
    ),
    "several-keys": Entry(
        "插入了多把密钥：{serials}。",
        "Several keys are plugged in: {serials}.",
        "请用 --serial 指定其中一把。",
        "Name one of them with --serial.",
    ),
    "port-busy": Entry(
        "串口 {port} 正被{holder}占用。",
        "Port {port} is in use by {holder}.",
        "请关闭该程序后重试。",
        "Close that program and try again.",
    ),
    "port-permission": Entry(
        "没有权限打开串口 {port}。",
        "No permission to open port {port}.",
        "请让管理员运行 sudo biandun install-udev，然后重新插入密钥。",
        "Have an administrator run `sudo biandun install-udev`, then plug the key in again.",
    ),
    "port-failed": Entry(
        "串口 {port} 出错：{detail}。",
        "Port {port} failed: {detail}.",
        "请拔下密钥重新插入后重试。",
        "Unplug the key, plug it in and try again.",
    ),
    "unplugged": Entry(
        "操作过程中密钥被拔出。",
        "The key was unplugged during the operation.",
        "请重新插入后重试；已签署的内容不会丢失，也不会重复签署。",
        "Plug it in and try again; what was signed is not lost and not signed twice.",
    ),
    "link-timeout": Entry(
        "密钥没有应答。",
        "The key does not answer.",
        "请拔下密钥重新插入后重试。",
        "Unplug the key, plug it in and try again.",
    ),
    "link-garbled": Entry(
        "串口 {port} 上的设备不是电子编制管理证密钥。",
        "The device on port {port} is not a Biandun key.",
        "请检查插入的设备。",
        "Check what is plugged in.",
    ),
    "key-error-unknown": Entry(
        "密钥返回了未知错误（{number}）。",
        "The key answered with an unknown error ({number}).",
        "请升级本软件。",
        "Update this program.",
    ),
    "office-address": Entry(
        "编办服务器地址 {url} 不正确：{rule}。",
        "{url} is no address of an office's server: {rule}.",
        "请改正 --office（或环境变量 BIANDUN_OFFICE），例如 http://127.0.0.1:8420。",
        "Correct --office (or BIANDUN_OFFICE), such as http://127.0.0.1:8420.",
    ),
    "office-unreachable": Entry(
        "连不上编办服务器 {url}。",
        "The office's server {url} cannot be reached.",
        "请检查网络；已签署的材料仍在本机，可稍后提交。",
        "Check the network; what is signed stays here and can be submitted later.",
    ),
    "office-timeout": Entry(
        "编办服务器 {url} 超时未应答。",
        "The office's server {url} did not answer in time.",
        "请稍后重试；重复提交不会产生重复业务。",
        "Try again later; submitting twice does not file twice.",
    ),
    "office-answer": Entry(
        "编办服务器的应答无法理解（{detail}）。",
        "The office's answer makes no sense ({detail}).",
        "请核对服务器地址。",
        "Check the server's address.",
    ),
    "file-missing": Entry(
        "找不到文件 {path}。",
        "File {path} does not exist.",
        "请核对文件名和路径。",
        "Check the name and the path.",
    ),
    "file-unreadable": Entry(
        "无法读取文件 {path}：{detail}。",
        "File {path} cannot be read: {detail}.",
        "请检查文件权限或磁盘。",
        "Check the file's permissions or the disk.",
    ),
    "file-unwritable": Entry(
        "无法写入 {path}：{detail}。",
        "{path} cannot be written: {detail}.",
        "请检查磁盘空间和文件夹权限。",
        "Check the disk's space and the folder's permissions.",
    ),
    "file-exists": Entry(
        "{path} 已存在，没有覆盖。",
        "{path} exists already; nothing was overwritten.",
        "请换一个名称，或先移走原有内容。",
        "Use another name, or move the old one away first.",
    ),
    "file-link": Entry(
        "“{path}”是链接或特殊文件，没有打开。",
        "{path} is a link or a special file; it was not opened.",
        "请让对方重新打包，只放普通文件。",
        "Ask for the folder to be packed again, with plain files only.",
    ),
    "file-special": Entry(
        "“{path}”是管道、设备或其他特殊文件，没有打开。",
        "{path} is a pipe, a device or another special file; it was not opened.",
        "请给出普通文件；口令可以从管道读取，用 --pin-fd 或 --passphrase-fd。",
        "Give a plain file; a PIN or a passphrase may come from a pipe with --pin-fd or --passphrase-fd.",
    ),
    "file-kind": Entry(
        "文件 {path} 应为{expected}，但{found}。",
        "File {path} should be {expected}, but {found}.",
        "请核对文件名；名称无误的，请向对方重新索取该文件。",
        "Check the file's name; if it is the right one, ask for the file again.",
    ),
    "file-too-large": Entry(
        "“{path}”超过 20 MB，没有读取。",
        "{path} is over 20 MiB; it was not read.",
        "本软件使用的文件没有这样大，请核对文件名；如是别人传来的，请让对方重新导出。",
        "No file of this program is that large; check the name, or ask for the file to be exported again.",
    ),
    "part-foreign": Entry(
        "“{name}”中的内容不是针对本申报的。",
        "What lies in {name} is not about this filing.",
        "请把它移出文件夹，或向对方索取正确的一份。",
        "Move it out of the folder, or ask for the right one.",
    ),
    "file-not-json": Entry(
        "文件 {path} 第 {line} 行第 {column} 列不是有效的 JSON：{detail}。",
        "File {path} is not valid JSON at line {line}, column {column}: {detail}.",
        *_FIX_FORM,
    ),
    "file-encoding": Entry(
        "文件 {path} 的编码是 {encoding}，不是 UTF-8（第 {line} 行第 {column} 列起）。",
        "File {path} is in {encoding}, not in UTF-8 (from line {line}, column {column}).",
        "请在编辑器中选择“另存为”，编码选 UTF-8，然后重试。",
        "Save it in your editor with the encoding UTF-8, and try again.",
    ),
    "file-punctuation": Entry(
        "文件 {path} 第 {line} 行第 {column} 列是中文或全角的“{wrong}”。",
        "File {path} has the full-width character {wrong} at line {line}, column {column}.",
        "请切换到英文输入法，改为半角的 {right} 后重试。",
        "Replace it with {right}, typed on an English keyboard, and try again.",
    ),
    "file-name-twice": Entry(
        "文件 {path} 第 {line} 行第 {column} 列：“{name}”在同一组中出现了两次。",
        "File {path}, line {line}, column {column}: {name} stands twice in one group.",
        "请只保留一处后重试。",
        "Keep one of them and try again.",
    ),
    "file-limit": Entry(
        "文件 {path} 第 {line} 行第 {column} 列超出限制：{rule}。",
        "File {path} is over a limit at line {line}, column {column}: {rule}.",
        *_FIX_FORM,
    ),
    "attachment-empty": Entry(
        "附件 {path} 是空文件。",
        "Attachment {path} is empty.",
        "请选择有内容的文件。",
        "Choose a file with content.",
    ),
    "attachment-too-large": Entry(
        "附件 {path} 超过 20 MB。",
        "Attachment {path} is over 20 MiB.",
        "请压缩或拆分后重试。",
        "Compress or split it and try again.",
    ),
    "attachment-type": Entry(
        "不支持附件 {path} 的文件类型。",
        "Attachment {path} has a file type that is not accepted.",
        "请转换为 PDF、OFD、JPEG 或 PNG。",
        "Convert it to PDF, OFD, JPEG or PNG.",
    ),
    "folder-foreign": Entry(
        "文件夹 {path} 属于其他用户（{owner}），没有使用。",
        "The folder {path} belongs to another user ({owner}) and was not used.",
        "请让管理员移走该文件夹；如果是 su 或 sudo 留下的环境，请重新登录，或取消 XDG_RUNTIME_DIR 等变量后重试。",
        "Have an administrator move it away; after su or sudo, log in afresh or unset XDG_RUNTIME_DIR and its like, then try again.",
    ),
    "folder-link": Entry(
        "{path} 是链接，不是文件夹，没有使用。",
        "{path} is a link and not a folder; it was not used.",
        "请查明是谁建立的，删除该链接后重试。",
        "Find out who made it, remove the link and try again.",
    ),
    "folder-open": Entry(
        "其他用户可以改动文件夹 {path} 的内容，没有使用。",
        "Other users can change what is in the folder {path}; it was not used.",
        "请检查其中的内容，运行 chmod go-w 去掉他人的写权限后重试。",
        "Look at what is in it, take the right away from them (chmod go-w) and try again.",
    ),
    "folder-not-filing": Entry(
        "{path} 不是业务文件夹。",
        "{path} is not a filing folder.",
        "请用 biandun filing prepare 新建。",
        "Make one with `biandun filing prepare`.",
    ),
    "filing-changed": Entry(
        "业务文件夹中的 {name} 在准备之后被改动。",
        "{name} in the filing folder was changed after it was prepared.",
        "请重新准备该业务。",
        "Prepare the filing again.",
    ),
    "attachment-name": Entry(
        "附件名“{name}”不能在各种计算机上原样保存：{rule}。",
        "Not every computer can keep an attachment of the name {name} as it is: {rule}.",
        "请申报单位更改文件名后重新准备、签署；文字内容可用 biandun office show 查看。",
        "The unit should rename the file, prepare and sign again; biandun office show shows what the form says.",
    ),
    "fetch-doubtful": Entry(
        "编办服务器给出的 {case} 未通过核验（{step} {found}），没有保存。",
        "What the office gave of {case} does not verify ({step} {found}); nothing was kept.",
        "请重试；如仍不通过，请告知编办管理员（biandun-office log-check）。",
        "Try again; if it stays so, tell the office's administrator (biandun-office log-check).",
    ),
    "filing-doubtful": Entry(
        "该业务未通过核验（{step} {found}），没有签署意见。",
        "The filing does not verify ({step} {found}); no opinion was signed.",
        "请让申报单位重新签署后再传来。",
        "Ask the unit to sign it again and send it.",
    ),
    "filing-signed": Entry(
        "该业务已由密钥 {serial} 签署，没有重复签署。",
        "The filing was signed by key {serial} already; it was not signed again.",
        "请使用原来的密钥，或作为新业务重新准备。",
        "Use that key, or prepare it as a new filing.",
    ),
    "filing-unsigned": Entry(
        "该业务尚未签署。",
        "This filing is not signed yet.",
        "请先运行 biandun filing sign。",
        "Run `biandun filing sign` first.",
    ),
    "filing-unsubmitted": Entry(
        "该业务尚未取得回执。",
        "This filing has no receipt yet.",
        "请先运行 biandun filing submit。",
        "Run `biandun filing submit` first.",
    ),
    "usage": Entry(
        "命令用法不正确：{detail}",
        "The command was used wrongly: {detail}",
        "请加 --help 查看用法。",
        "See --help.",
    ),
    "output-unwritable": Entry(
        "结果无法输出：{detail}。命令本身已经执行。",
        "The result cannot be printed: {detail}.  The command itself has been carried out.",
        "请检查输出所在的磁盘；签名和提交可以放心重复运行。",
        "Check the disk that the output goes to; signing and submitting may be repeated safely.",
    ),
    "interrupted": Entry(
        "操作被中断。",
        "Interrupted.",
        "请重新运行同一命令继续；不会重复签署。",
        "Run the same command again to go on; nothing is signed twice.",
    ),
    "extra-missing": Entry(
        "没有安装编办服务所需的组件（缺少 {module}）。",
        "What the office needs is not installed ({module} is missing).",
        "请安装 biandun[{extra}]：pip install 'biandun[{extra}]'",
        "Install biandun[{extra}]: pip install 'biandun[{extra}]'",
    ),
    "simulator-missing": Entry(
        "找不到 MicroPython 解释器。",
        "There is no MicroPython interpreter.",
        "请安装 MicroPython 1.26 以上版本，或在 Linux x86_64 上安装 biandun[simulator]。",
        "Install MicroPython 1.26 or later, or biandun[simulator] on Linux x86_64.",
    ),
    "simulator-failed": Entry(
        "模拟密钥 {serial} 启动失败：{detail}。",
        "Simulated key {serial} did not start: {detail}.",
        *_REPORT,
    ),
    "serial-taken": Entry(
        "编号为 {serial} 的模拟密钥已经插入：{holder}。",
        "A simulated key {serial} is plugged in already: {holder}.",
        "请换一个编号（--first），或先停止占用它的程序。",
        "Use another number (--first), or stop the program that has it.",
    ),
    "simulator-unanswered": Entry(
        "没有正在运行的模拟密钥{serial}。",
        "No simulated key{serial} is running.",
        "请先运行 biandun-sim run；只能操作本人启动的模拟密钥。",
        "Start one with `biandun-sim run`; only keys that you run yourself can be reached.",
    ),
    # --- the office
    # ------------------------------------------------------------------
    "office-not-initialised": Entry(
        "编办服务尚未初始化。",
        "The office has not been initialised.",
        "请先运行 biandun-office init。",
        "Run `biandun-office init` first.",
    ),
    "office-older": Entry(
        "编办数据由旧版本程序建立，尚未更新。",
        "An older version of the program made this office's tables.",
        "请先停止受理服务，用原版本程序备份，再用本版本运行 biandun-office migrate。",
        "Stop the service, make a backup with the version that was there, then run `biandun-office migrate` of this one.",
    ),
    "database-lost": Entry(
        "编办的数据库是空的：数据已经丢失，或指向了别的数据库。",
        "The office's database is empty: its data are lost, or this is another database.",
        "请核对数据库地址；若已丢失，请用 biandun-office restore 从备份恢复到新目录。",
        "Check the address of the database; if it is lost, restore the backup into a new folder with `biandun-office restore`.",
    ),
    "office-newer": Entry(
        "编办数据由更新版本的程序建立，本版本不能使用。",
        "A newer version of the program made this office's tables; this one cannot use them.",
        "请安装原来的版本或更新的版本。",
        "Install the version that was there, or a newer one.",
    ),
    "office-initialised": Entry(
        "编办服务已经初始化，没有覆盖。",
        "The office is initialised already; nothing was overwritten.",
        "如需重建，请换一个数据目录。",
        "Use another data folder for a new office.",
    ),
    "passphrase-wrong": Entry(
        "口令不正确，或密钥文件已损坏。",
        "The passphrase is wrong, or the key file is damaged.",
        "请核对口令文件。",
        "Check the passphrase file.",
    ),
    "passphrase-weak": Entry(
        "口令过短或过于简单（至少 {least} 个字符，其中至少三种不同字符）。",
        "The passphrase is too short or too simple (at least {least} characters, three of them different).",
        "请换用更长的口令。",
        "Use a longer one.",
    ),
    "passphrase-missing": Entry(
        "没有提供口令。",
        "No passphrase was given.",
        "请使用 --passphrase-file 或 --passphrase-fd，或在终端中输入。",
        "Use --passphrase-file or --passphrase-fd, or type it at a terminal.",
    ),
    "backup-invalid": Entry(
        "备份文件不能恢复：{detail}。",
        "The backup cannot be restored: {detail}.",
        "请重新制作备份并试恢复。",
        "Make the backup again and try to restore it.",
    ),
    "unit-unknown": Entry(
        "编办登记中没有该单位（{uscc}）。",
        "The office's registry has no such unit ({uscc}).",
        "请核对统一社会信用代码。",
        "Check the unified social credit code.",
    ),
    "unit-inactive": Entry(
        "该单位已撤销或合并（{uscc}）。",
        "The unit has been abolished or merged ({uscc}).",
        *_ASK_OFFICE,
    ),
    "nonce-unknown": Entry(
        "启用文件已使用过、已过期或不是本编办签发的。",
        "The offer was used before, has expired or is not from this office.",
        "请重新生成启用文件（biandun-office offer）。",
        "Make a new offer (`biandun-office offer`).",
    ),
    "key-registered": Entry(
        "该密钥已登记。",
        "This key is registered already.",
        "请核对密钥序列号。",
        "Check the serial number.",
    ),
    "certificate-unknown": Entry(
        "编办没有为该密钥签发过证书。", "The office never certified this key.", *_ASK_OFFICE
    ),
    "certificate-not-yet": Entry(
        "证书尚未生效。", "The certificate is not valid yet.", *_ASK_OFFICE
    ),
    "certificate-mismatch": Entry(
        "签名文件与登记的证书不一致：{field}。",
        "The statement does not agree with the registered certificate: {field}.",
        *_ASK_OFFICE,
    ),
    "blob-missing": Entry(
        "缺少 {count} 个文件，请先上传。",
        "{count} files are missing; upload them first.",
        "请上传缺少的文件后重新提交。",
        "Upload the missing files, then submit again.",
    ),
    "blob-mismatch": Entry(
        "上传内容与其摘要不符。", "The upload does not match its digest.", *_RETRY
    ),
    "blob-too-large": Entry(
        "上传内容超过 20 MB。",
        "The upload is over 20 MiB.",
        "请压缩或拆分附件。",
        "Compress or split the attachment.",
    ),
    "blob-size-mismatch": Entry(
        "附件“{name}”的大小与材料清单不符。",
        "Attachment {name} is not of the size the manifest says.",
        *_SIGN_AGAIN,
    ),
    "blob-not-found": Entry(
        "没有该文件。", "There is no such file.", "请先上传。", "Upload it first."
    ),
    "storage-full": Entry(
        "存储空间不足，没有写入 {path}；原有内容未改动。",
        "There is no room left, and {path} was not written; what was there is unchanged.",
        "请腾出空间或换一个磁盘后重试；提交到编办的材料仍在本机。",
        "Free some space or use another disk, and try again; what you were handing in stays with you.",
    ),
    "sweep-no-room": Entry(
        "{path} 所在的磁盘已满，数据库无法打开，没有清理任何文件。",
        "The disk of {path} is full: the database cannot be opened, and nothing was swept.",
        "请先从该磁盘移走其他文件，例如旧日志，腾出 1 MB，再运行 biandun-office sweep-blobs。",
        "Move something else off that disk, such as an old log, to free 1 MB; then run `biandun-office sweep-blobs` again.",
    ),
    "statement-too-large": Entry("签名文件过大。", "The statement is too large.", *_NEW_FILE),
    "statement-not-found": Entry(
        "没有该签名文件。", "There is no such statement.", "请核对编号。", "Check the name."
    ),
    "fork-not-found": Entry(
        "没有留存编号以 {name} 开头的矛盾证据，或不止一份。",
        "No kept contradiction has a name that begins with {name}, or several have.",
        "请用 biandun-office forks 查看编号，至少输入前 8 位。",
        "See the names with `biandun-office forks`; give eight characters at least.",
    ),
    "media-type": Entry(
        "请求的内容类型应为 {expected}。",
        "The content type must be {expected}.",
        "请升级客户端软件。",
        "Update the client.",
    ),
    "digest-malformed": Entry(
        "摘要应为 64 位十六进制小写字符。",
        "A digest is 64 lower-case hexadecimal characters.",
        *_REPORT,
    ),
    "chain-fork": Entry(
        "序号 {seq} 已被另一份签名文件使用，已停止受理。",
        "Sequence number {seq} belongs to another statement already; this one is refused.",
        "请立即联系编办：密钥可能被复制或恢复过旧数据。",
        "Contact the office at once: the key may have been copied or set back.",
    ),
    "chain-broken": Entry(
        "签名文件与相邻序号的链接不一致。",
        "The statement does not link to its neighbours in the key's chain.",
        "请立即联系编办：密钥可能被复制或恢复过旧数据。",
        "Contact the office at once: the key may have been copied or set back.",
    ),
    "proof-range": Entry("日志范围不正确。", "The log range is not valid.", *_REPORT),
    "port-taken": Entry(
        "无法监听 {port}：{detail}。",
        "Cannot listen on {port}: {detail}.",
        "请换一个端口（--port 0 自动选取），或停止占用它的程序。",
        "Use another port (--port 0 picks a free one), or stop the program that holds it.",
    ),
    "log-broken": Entry(
        "存证日志不一致：{detail}。",
        "The evidence log does not add up: {detail}.",
        "请停止受理、保留现场，并与备份和各单位持有的回执核对。",
        "Stop taking filings in, keep everything as it is, and compare with backups and with the units' receipts.",
    ),
    "files-lost": Entry(
        "存证所依据的文件有 {count} 个缺失或被改动：{detail}。",
        "{count} files that the evidence rests on are missing or altered: {detail}.",
        "请从文件备份中把 blobs 下的这些文件复制回来（它们从不改写），再运行 biandun-office log-check。",
        "Copy these files back to blobs/ from a copy of it, where they never change, and run `biandun-office log-check` again.",
    ),
    "request-invalid": Entry(
        "请求参数不正确：{field}。",
        "A parameter of the request is missing or wrong: {field}.",
        *_REPORT,
    ),
    "request-broken": Entry(
        "收到的不是正确的 HTTP 请求：{detail}。",
        "This is no proper HTTP request: {detail}.",
        "请升级客户端软件，并检查中间的代理服务器。",
        "Update the client, and check the proxies in between.",
    ),
    "request-headers-too-large": Entry(
        "请求头过大。",
        "The headers of the request are too large.",
        "请升级客户端软件，并检查中间的代理服务器。",
        "Update the client, and check the proxies in between.",
    ),
    "request-timeout": Entry(
        "请求没有在时限内到齐。",
        "The request did not arrive in time.",
        "请检查网络后重试；重复提交不会产生重复业务。",
        "Check the network and try again; submitting twice does not file twice.",
    ),
    "too-many-failures": Entry(
        "此地址的失败请求过多，{seconds} 秒内不再处理。",
        "Too many requests from this address have failed; none is looked at for {seconds} seconds.",
        "请等待 {seconds} 秒后重试；如仍出现，请检查同一网络内是否有程序在反复提交错误签名。",
        "Wait {seconds} seconds and try again; if it stays, look for a program in your network that submits wrong signatures.",
    ),
    "too-many-signatures": Entry(
        "此地址要求编办签名过于频繁，{seconds} 秒内不再处理。",
        "This address has asked the office for too many signatures; no more are made for {seconds} seconds.",
        "请等待 {seconds} 秒后重试；已受理的材料不受影响。",
        "Wait {seconds} seconds and try again; what was taken in stays so.",
    ),
    "route-not-found": Entry(
        "编办服务没有这个地址。",
        "The office has no such address.",
        "请核对服务器地址或升级客户端软件。",
        "Check the server's address, or update the client.",
    ),
    "method-not-allowed": Entry(
        "该地址不支持这种请求方法。",
        "This address does not take that method.",
        "请升级客户端软件。",
        "Update the client.",
    ),
    "office-busy": Entry(
        "编办服务正忙。",
        "The office is busy.",
        "请稍后重试；重复提交不会产生重复业务。",
        "Try again later; submitting twice does not file twice.",
    ),
    "office-clock-ahead": Entry(
        "编办时钟 {now} 远晚于已记录的时间 {last}，时间未经确认，暂停签发和受理。",
        "The office's clock says {now}, far ahead of what it has recorded ({last}): it signs nothing until that is confirmed.",
        "请编办核对时钟：不对的先校准；再用另一个时间来源确认（biandun-office clock confirm）。材料可稍后重新提交。",
        "The office sets its clock if it is wrong, and confirms it with another one (`biandun-office clock confirm`); submit again later.",
    ),
    "office-clock-behind": Entry(
        "编办时钟 {now} 早于已记录的时间 {last}，暂停签发和受理。",
        "The office's clock says {now}, behind what it has recorded ({last}): it signs nothing until that is put right.",
        "请编办核对时钟：不对的先校准；时钟正确的，用另一个时间来源确认（biandun-office clock confirm），收回此前超前的时间。",
        "The office sets its clock if it is wrong; if it is right, it confirms it with another one (`biandun-office clock confirm`), which takes"
        " the later times back.",
    ),
    "clock-disagrees": Entry(
        "另一来源的时间 {at} 与本机时钟 {now} 不符，未作确认。",
        "The other clock says {at}, this computer's {now}: nothing was confirmed.",
        "请先校准本机时钟，再确认。",
        "Set this computer's clock first, then confirm it.",
    ),
    "database-url": Entry(
        "数据库地址不正确或不可用（{detail}）。",
        "The database URL is wrong or cannot be used ({detail}).",
        "请使用 postgresql://用户@主机/库名 的形式。",
        "Use the form postgresql://USER@HOST/NAME.",
    ),
    "database-password": Entry(
        "数据库地址中不得含有口令。",
        "A database URL must not hold a password.",
        "请改用环境变量 PGPASSWORD 或口令文件 ~/.pgpass。",
        "Use the environment variable PGPASSWORD or the password file ~/.pgpass.",
    ),
    "database-unreachable": Entry(
        "连不上数据库：{detail}。",
        "The database cannot be reached: {detail}.",
        "请确认 PostgreSQL 已启动、地址和账户正确。",
        "Check that PostgreSQL runs and that address and account are right.",
    ),
    "database-not-empty": Entry(
        "数据库中已有表，没有改动。",
        "The database holds tables already; nothing was changed.",
        "请新建一个空库后重试。",
        "Create an empty database and try again.",
    ),
    "database-mismatch": Entry(
        "所给数据库不是本编办建立时记录的数据库。",
        "This is not the database that the office was founded with.",
        "请去掉 --database；数据库确已迁移时，请修改数据目录中的 office.json。",
        "Leave --database out; if the database has really moved, edit office.json in the data folder.",
    ),
    "key-suspended": Entry(
        "编办已暂停该密钥，目前不能签署，其签署的材料也不予受理。",
        "The office has suspended this key: it signs nothing now, and nothing of it is taken in.",
        "请立即联系编办密钥管理员；恢复后请插上密钥，运行 biandun keys status --office 网址，或导入编办提供的状态文件：biandun keys status 文件。",
        "Contact the office's key administrator at once; once it was resumed, plug in the key and run `biandun keys status --office URL`, or `biandun keys status FILE` with a file from the office.",
    ),
    "certificate-superseded": Entry(
        "签署所用的证书已换发，过渡期也已结束。",
        "The certificate was renewed since, and the time of overlap is over.",
        "请用密钥重新签署后再提交。",
        "Sign it again with the key, then submit.",
    ),
    "certificate-revoked": Entry(
        "该密钥的证书已被吊销。", "This key's certificate has been revoked.", *_ASK_OFFICE
    ),
    "serial-unknown": Entry(
        "没有序列号为 {serial} 的密钥。",
        "There is no key with serial number {serial}.",
        "请核对密钥序列号。",
        "Check the serial number.",
    ),
    "officer-exists": Entry(
        "已有名为“{name}”的解锁人员，未作改动。",
        "There is an unblocking officer named {name} already; nothing was changed.",
        "请换一个名字；更换人员时请新建后重新指定两位。",
        "Choose another name; to exchange somebody make a new one and name the two again.",
    ),
    "officer-unknown": Entry(
        "没有名为“{name}”的解锁人员，或这把密钥不由其解锁。",
        "There is no unblocking officer named {name}, or this key does not know them.",
        "请用 biandun-office officers 查看名单。",
        "See who there is with `biandun-office officers`.",
    ),
    "officers-same": Entry(
        "必须指定两位不同的解锁人员。",
        "The two officers must not be one.",
        "请指定另一个人，并使用其本人的口令建立。",
        "Name another person, whose key is under a passphrase of their own.",
    ),
    "shares-foreign": Entry(
        "份额不是由登记的这把密钥签出的，或是为其他解锁人员封装的。",
        "These shares are not signed by the key that is registered, or are for other officers.",
        "请让单位用该密钥重新导出（biandun keys shares）。",
        "Have the unit export them again with that key (`biandun keys shares`).",
    ),
    "shares-unknown": Entry(
        "编办没有密钥 {serial} 的第 {number} 号份额。",
        "The office does not have the shares number {number} of key {serial}.",
        "请让单位运行 biandun keys shares 导出，经 biandun-office shares 录入后再解锁。",
        "Have the unit export them with `biandun keys shares`, take them in with `biandun-office shares`, then unblock.",
    ),
    "shares-stale": Entry(
        "密钥 {serial} 的第 {number} 号份额已用过或已被替换。",
        "The shares number {number} of key {serial} were used, or replaced by newer ones.",
        "请与单位核对密钥上显示的编号。",
        "Compare the number that the key shows.",
    ),
    "check-mismatch": Entry(
        "校验码不符：序列号、用户或编号听错，或编办的份额不是这把密钥当前的。",
        "The check does not agree: serial, user or number were misheard, or the office has other shares than the key.",
        "请请对方重读一遍；仍不符时请让单位重新导出份额。",
        "Have it read out again; if it still does not agree, have the unit export its shares again.",
    ),
    "key-not-suspended": Entry(
        "密钥 {serial} 没有处于可执行此操作的状态。",
        "Key {serial} is not in a state for this.",
        "请用 biandun-office alerts 查看现状。",
        "See where it stands with `biandun-office alerts`.",
    ),
    "not-supervisor": Entry(
        "签署单位不是该业务单位的主管部门。",
        "The signer is not the supervisor of the unit that filed.",
        "请由登记的主管部门签署。",
        "Let the registered supervisor sign.",
    ),
    "countersign-not-due": Entry(
        "该材料当前不在待主管部门审核的状态，或已有更新的版本。",
        "This filing does not wait for a countersignature, or there is a newer version.",
        "请刷新业务后查看当前状态。",
        "Look at the case again to see where it stands.",
    ),
    "not-officer": Entry(
        "只有编办自己的密钥可以作出此项决定。",
        "Only a key of the establishment office itself may do this.",
        "请使用编办工作人员的密钥。",
        "Use the key of an officer of the establishment office.",
    ),
    "decision-not-due": Entry(
        "该业务当前不在待编办处理的状态。",
        "This case does not wait for a decision.",
        "请刷新业务后查看当前状态；可能已有他人处理。",
        "Look at the case again; somebody else may have decided.",
    ),
    "decision-mismatch": Entry(
        "决定所指的不是该业务最新的材料。",
        "The decision is not about the newest filing of the case.",
        "请查看最新材料后重新签署。",
        "Read the newest filing and sign again.",
    ),
    "case-not-open": Entry(
        "该业务没有被退回，不能重新提交。",
        "The case has not been returned, so it takes no new version.",
        "请等待审核结果，或另行申报。",
        "Wait for the review, or file a new case.",
    ),
    "origin-unknown": Entry(
        "不接受从该地址登录。",
        "Logging in from this address is not accepted.",
        "请核对服务器地址；需要增加时请联系编办管理员。",
        "Check the server's address, or ask the office's administrator to add it.",
    ),
    "login-replayed": Entry(
        "该登录应答已被使用过。",
        "This answer was used for a login already.",
        "请重新登录。",
        "Log in again.",
    ),
    "login-expired": Entry(
        "登录质询不存在或已过期。",
        "The login's challenge is unknown or has expired.",
        "请重新登录。",
        "Log in again.",
    ),
    "login-required": Entry(
        "需要先登录，或登录已失效。",
        "You must log in first, or your login has ended.",
        "请用密钥登录后重试。",
        "Log in with your key and try again.",
    ),
    "case-not-found": Entry(
        "没有该业务。", "There is no such case.", "请核对业务编号。", "Check the case number."
    ),
}


class _Values(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "?"


def _fill(text: str, language: str, values: Mapping[str, object]) -> str:
    words = {
        name: value[language == "en"] if isinstance(value, Phrase) else value
        for name, value in values.items()
    }
    # nothing to say of it
    words = {name: value for name, value in words.items() if value is not None}
    return text.format_map(_Values(words))


def _entry(code: str) -> Entry:
    return ENTRIES.get(code, ENTRIES["internal"])


def message(code: str, language: str, values: Mapping[str, object]) -> str:
    """The sentence for ``code`` in ``zh`` or ``en``."""
    entry = _entry(code)
    return _fill(entry.en if language == "en" else entry.zh, language, values)


def next_step(code: str, language: str, values: Mapping[str, object]) -> str:
    """The next step for ``code`` in ``zh`` or ``en``."""
    entry = _entry(code)
    return _fill(entry.next_en if language == "en" else entry.next_zh, language, values)
