"""Logins: challenges that are good once, and sessions whose token only its holder knows."""

from django.db import models

from biandun_office.issuance.models import Certificate


class Challenge(models.Model):
    """A nonce that the office gave out for one login from one origin."""

    nonce = models.CharField("随机数", max_length=32, primary_key=True)
    origin = models.CharField("登录地址", max_length=128)
    expires_at = models.BigIntegerField("失效时间", db_index=True)
    used_at = models.BigIntegerField("使用时间", null=True)

    class Meta:
        """Names."""

        verbose_name = "登录质询"
        verbose_name_plural = "登录质询"

    def __str__(self) -> str:
        return self.origin


class Login(models.Model):
    """A session; its token is kept as SHA-256 only, so that a copy of the database opens no
    door.
    """

    token_digest = models.CharField("令牌摘要", max_length=64, primary_key=True)
    certificate = models.ForeignKey(
        Certificate, verbose_name="证书", on_delete=models.PROTECT, related_name="logins"
    )
    began_at = models.BigIntegerField("登录时间")
    expires_at = models.BigIntegerField("失效时间", db_index=True)
    ended_at = models.BigIntegerField("退出时间", null=True)

    class Meta:
        """Names."""

        verbose_name = "登录"
        verbose_name_plural = "登录"

    def __str__(self) -> str:
        return f"{self.certificate_id} {self.began_at}"
