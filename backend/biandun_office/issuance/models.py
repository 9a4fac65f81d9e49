"""Keys and what the office certified for them.  All times are seconds since 1970."""

from typing import ClassVar

from django.db import models

from biandun_office.registry.models import Unit
from biandun_office.rows import AppendOnly


class KeyOffer(models.Model):
    """An invitation to enrol one key for one unit; its nonce is good once."""

    nonce = models.CharField("随机数", max_length=32, unique=True)
    unit = models.ForeignKey(Unit, verbose_name="单位", on_delete=models.PROTECT, related_name="offers")
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
    """A signing key as hardware, named by its serial number."""

    serial = models.CharField("密钥序列号", max_length=24, unique=True)
    unit = models.ForeignKey(Unit, verbose_name="单位", on_delete=models.PROTECT, related_name="keys")
    hardware_class = models.PositiveSmallIntegerField("硬件等级")
    registered_at = models.BigIntegerField("登记时间")

    class Meta:
        """Names."""

        verbose_name = "密钥"
        verbose_name_plural = "密钥"

    def __str__(self) -> str:
        return self.serial


class Certificate(models.Model):
    """What the office states about one key pair, in both forms, and what intake compares a header with."""

    class State(models.TextChoices):
        """At most one certificate of a key is ACTIVE; expiry is judged by time, not by state.

        SUSPENDED follows a fork until a person decides; REVOKED is for good.
        """

        ACTIVE = "ACTIVE", "有效"
        SUSPENDED = "SUSPENDED", "已暂停"
        REVOKED = "REVOKED", "已吊销"
        SUPERSEDED = "SUPERSEDED", "已被替换"

    device = models.ForeignKey(KeyDevice, verbose_name="密钥", on_delete=models.PROTECT, related_name="certificates")
    version = models.PositiveIntegerField("版本")
    state = models.CharField("状态", max_length=12, choices=State.choices, default=State.ACTIVE)
    kid = models.CharField("密钥标识", max_length=32, db_index=True)
    public_key = models.BinaryField("公钥")
    x5t = models.CharField("证书摘要", max_length=64, unique=True)
    uscc = models.CharField("统一社会信用代码", max_length=18)
    unit_code = models.CharField("单位编码", max_length=16)
    unit_name = models.CharField("单位名称", max_length=120)
    region = models.CharField("区划代码", max_length=6)
    purposes = models.JSONField("用途")
    not_before = models.BigIntegerField("生效时间")
    not_after = models.BigIntegerField("失效时间")
    x509 = models.BinaryField("X.509 证书")
    profile_statement = models.BinaryField("单位信息签名")
    profile_manifest = models.BinaryField("单位信息")

    class Meta:
        """Names and the rules that the database keeps."""

        verbose_name = "证书"
        verbose_name_plural = "证书"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["device", "version"], name="certificate_version"),
            models.UniqueConstraint(fields=["kid"], condition=models.Q(state="ACTIVE"), name="one_active_certificate_per_key_pair"),
            models.UniqueConstraint(fields=["device"], condition=models.Q(state="ACTIVE"), name="one_active_certificate_per_key"),
        ]

    def __str__(self) -> str:
        return f"{self.device_id} {self.kid}"


class StateChange(AppendOnly):
    """Who changed the state of a certificate, why: the office's own machinery after a fork, or a person."""

    certificate = models.ForeignKey(Certificate, verbose_name="证书", on_delete=models.PROTECT, related_name="changes")
    before = models.CharField("原状态", max_length=12, choices=Certificate.State.choices)
    after = models.CharField("新状态", max_length=12, choices=Certificate.State.choices)
    reason = models.CharField("原因", max_length=400)
    changed_at = models.BigIntegerField("时间")

    class Meta:
        """Names."""

        verbose_name = "证书状态变更"
        verbose_name_plural = "证书状态变更"

    def __str__(self) -> str:
        return f"{self.certificate_id} {self.before} {self.after}"
