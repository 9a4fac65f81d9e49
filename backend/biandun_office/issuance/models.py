"""Keys and their certificates.  All times are seconds since 1970."""

from typing import ClassVar

from django.db import models

from biandun_office.platform.rows import AppendOnly
from biandun_office.registry.models import Unit


class KeyOffer(models.Model):
    """An invitation to enrol one key for one unit; its nonce can be used once."""

    nonce = models.CharField("随机数", max_length=32, unique=True)
    unit = models.ForeignKey(
        Unit, verbose_name="单位", on_delete=models.PROTECT, related_name="offers"
    )
    issued_at = models.BigIntegerField("签发时间")
    expires_at = models.BigIntegerField("失效时间")
    used_at = models.BigIntegerField("使用时间", null=True)

    class Meta:
        """Names."""

        verbose_name = "启用邀请"
        verbose_name_plural = "启用邀请"

    def __str__(self) -> str:
        return f"{self.unit_id} {self.nonce}"


class KeyDevice(models.Model):
    """A USB key as a device, identified by its serial number."""

    serial = models.CharField("密钥序列号", max_length=24, unique=True)
    unit = models.ForeignKey(
        Unit, verbose_name="单位", on_delete=models.PROTECT, related_name="keys"
    )
    hardware_class = models.PositiveSmallIntegerField("硬件等级")
    registered_at = models.BigIntegerField("登记时间")

    class Meta:
        """Names."""

        verbose_name = "密钥"
        verbose_name_plural = "密钥"

    def __str__(self) -> str:
        return self.serial


class Certificate(models.Model):
    """What the office certified about one key pair, as X.509 and as a CBOR profile.

    Intake compares a statement's header with these columns.  Key pairs that succeeded each other in
    one key sign in one chain; ``chain`` is the kid of the first of them.
    """

    class State(models.TextChoices):
        """The state of a certificate; at most one certificate of a key is ACTIVE.

        Expiry is judged by time, not by state.  SUSPENDED follows a fork until a person decides;
        REVOKED is final.
        """

        ACTIVE = "ACTIVE", "有效"
        SUSPENDED = "SUSPENDED", "已暂停"
        REVOKED = "REVOKED", "已吊销"
        SUPERSEDED = "SUPERSEDED", "已被替换"

    device = models.ForeignKey(
        KeyDevice, verbose_name="密钥", on_delete=models.PROTECT, related_name="certificates"
    )
    version = models.PositiveIntegerField("版本")
    state = models.CharField("状态", max_length=12, choices=State.choices, default=State.ACTIVE)
    kid = models.CharField("密钥标识", max_length=32, db_index=True)
    chain = models.CharField("链标识", max_length=32, db_index=True)
    public_key = models.BinaryField("公钥")
    x5t = models.CharField("证书摘要", max_length=64, unique=True)
    uscc = models.CharField("统一社会信用代码", max_length=18)
    unit_code = models.CharField("单位编码", max_length=16)
    unit_name = models.CharField("单位名称", max_length=120)
    region = models.CharField("区划代码", max_length=6)
    purposes = models.JSONField("用途")
    not_before = models.BigIntegerField("生效时间")
    not_after = models.BigIntegerField("失效时间")
    # of a renewed certificate: until when statements signed under it are accepted
    overlap_until = models.BigIntegerField("过渡期至", null=True)
    # of a key pair that succeeded another: when the office first saw a signature of it
    used_at = models.BigIntegerField("首次使用时间", null=True)
    x509 = models.BinaryField("X.509 证书")
    profile_statement = models.BinaryField("单位信息签名")
    profile_manifest = models.BinaryField("单位信息")

    class Meta:
        """Names and the rules that the database keeps."""

        verbose_name = "证书"
        verbose_name_plural = "证书"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["device", "version"], name="certificate_version"),
            models.UniqueConstraint(
                fields=["kid"],
                condition=models.Q(state="ACTIVE"),
                name="one_active_certificate_per_key_pair",
            ),
            models.UniqueConstraint(
                fields=["device"],
                condition=models.Q(state="ACTIVE"),
                name="one_active_certificate_per_key",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.device_id} {self.kid}"


class Officer(models.Model):
    """A person who can open one of the two unblocking shares of a key.

    ``public_key`` is the point that shares are sealed to; the private key is stored encrypted under
    the officer's own passphrase.
    """

    name = models.CharField("姓名", max_length=20, unique=True)
    public_key = models.BinaryField("公钥")
    sealed = models.BinaryField("加密的私钥")
    made_at = models.BigIntegerField("建立时间")

    class Meta:
        """Names."""

        verbose_name = "解锁人员"
        verbose_name_plural = "解锁人员"

    def __str__(self) -> str:
        return self.name


class OfficerPair(AppendOnly):
    """The two officers that keys seal their shares to, as the office signed it.

    New keys use the pair with the highest version.
    """

    version = models.PositiveIntegerField("版本", unique=True)
    first = models.ForeignKey(
        Officer, verbose_name="第一人", on_delete=models.PROTECT, related_name="+"
    )
    second = models.ForeignKey(
        Officer, verbose_name="第二人", on_delete=models.PROTECT, related_name="+"
    )
    raw = models.BinaryField("签名文件")
    named_at = models.BigIntegerField("指定时间")

    class Meta:
        """Names."""

        verbose_name = "解锁人员指定"
        verbose_name_plural = "解锁人员指定"

    def __str__(self) -> str:
        return f"{self.version} {self.first_id} {self.second_id}"


class KeyShares(AppendOnly):
    """The two unblocking shares of a key, sealed to a pair; the highest number is current."""

    device = models.ForeignKey(
        KeyDevice, verbose_name="密钥", on_delete=models.PROTECT, related_name="shares"
    )
    device_key = models.CharField("设备公钥摘要", max_length=64)
    pair = models.ForeignKey(
        OfficerPair, verbose_name="解锁人员", on_delete=models.PROTECT, related_name="shares"
    )
    number = models.PositiveIntegerField("编号")
    raw = models.BinaryField("签名文件")
    received_at = models.BigIntegerField("收到时间")

    class Meta:
        """Names and the rule that the database keeps."""

        verbose_name = "解锁份额"
        verbose_name_plural = "解锁份额"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["device", "device_key", "number"], name="one_pair_of_shares_per_number"
            )
        ]

    def __str__(self) -> str:
        return f"{self.device_id} {self.number}"


class CodeGiven(AppendOnly):
    """A record that an officer opened a share for one user of a key; the code is not stored."""

    shares = models.ForeignKey(
        KeyShares, verbose_name="份额", on_delete=models.PROTECT, related_name="given"
    )
    officer = models.ForeignKey(
        Officer, verbose_name="解锁人员", on_delete=models.PROTECT, related_name="given"
    )
    slot = models.PositiveSmallIntegerField("用户")
    given_at = models.BigIntegerField("时间")

    class Meta:
        """Names."""

        verbose_name = "解锁码发放"
        verbose_name_plural = "解锁码发放"

    def __str__(self) -> str:
        return f"{self.shares_id} {self.officer_id}"


class StateChange(AppendOnly):
    """A change of a certificate's state and its reason; by a person, or automatic after a fork.

    ``doubted`` is what the office's clock showed if it was in doubt; then ``changed_at`` means "not
    before".
    """

    certificate = models.ForeignKey(
        Certificate, verbose_name="证书", on_delete=models.PROTECT, related_name="changes"
    )
    before = models.CharField("原状态", max_length=12, choices=Certificate.State.choices)
    after = models.CharField("新状态", max_length=12, choices=Certificate.State.choices)
    reason = models.CharField("原因", max_length=400)
    changed_at = models.BigIntegerField("时间")
    doubted = models.BigIntegerField("存疑的时钟所示时间", null=True)

    class Meta:
        """Names."""

        verbose_name = "证书状态变更"
        verbose_name_plural = "证书状态变更"

    def __str__(self) -> str:
        return f"{self.certificate_id} {self.before} {self.after}"
