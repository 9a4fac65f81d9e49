"""Logins: challenges that can be answered once, and sessions that a bearer token opens."""

from django.db import models

from biandun_office.issuance.models import Certificate


class Challenge(models.Model):
    """A nonce that the office issued for one login from one origin."""

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
    """A session of a certificate's holder.

    Only the SHA-256 of its token is stored, so a copy of the database contains no usable token.
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
