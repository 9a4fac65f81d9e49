"""The evidence: blobs by digest, statements as received, the Merkle log over them, receipts.

Statement, Node and Receipt only grow.  Python refuses to change a row here, triggers refuse it in the database (see
append_only.py), and whoever removes those is found out by the log.  Digests and names are kept as lower-case hexadecimal.
"""

from typing import Any, ClassVar, NoReturn

from django.db import models

from biandun_office.issuance.models import Certificate


class AppendOnlyQuerySet(models.QuerySet[Any]):
    """A query set that neither changes nor deletes."""

    def update(self, **kwargs: Any) -> NoReturn:  # noqa: ARG002
        """Refuse."""
        raise TypeError("evidence cannot be changed")

    def delete(self) -> NoReturn:
        """Refuse."""
        raise TypeError("evidence cannot be deleted")


class AppendOnly(models.Model):
    """Rows that are inserted once and never touched again."""

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        """A base."""

        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert.  Raises TypeError for a row that is there already."""
        if not self._state.adding:
            raise TypeError("evidence cannot be changed")
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:  # noqa: ARG002
        """Refuse."""
        raise TypeError("evidence cannot be deleted")


class Blob(models.Model):
    """A file that was uploaded.  The file system says whether it is there; this row says how much it weighs and for whom."""

    sha256 = models.CharField("摘要", max_length=64, primary_key=True)
    size = models.PositiveIntegerField("大小")
    stored_at = models.BigIntegerField("上传时间")
    referenced = models.BooleanField("已被引用", default=False)

    class Meta:
        """Names, and what the sum over unreferenced blobs reads."""

        verbose_name = "文件"
        verbose_name_plural = "文件"
        indexes: ClassVar = [
            models.Index(fields=["stored_at", "size"], condition=models.Q(referenced=False), name="unreferenced_blobs")
        ]

    def __str__(self) -> str:
        return self.sha256


class Statement(AppendOnly):
    """A statement that the office accepted, byte for byte, and its place in the log.

    ``gap`` notes that its predecessor in the key's chain had not arrived; ``received`` never falls from one row to the next.
    """

    leaf_index = models.BigIntegerField("日志序号", primary_key=True)
    statement_id = models.CharField("编号", max_length=64, unique=True)
    raw = models.BinaryField("原始字节")
    digest = models.CharField("材料摘要", max_length=64)
    purpose = models.CharField("用途", max_length=16)
    certificate = models.ForeignKey(Certificate, verbose_name="证书", on_delete=models.PROTECT, related_name="statements")
    kid = models.CharField("密钥标识", max_length=32)
    uscc = models.CharField("统一社会信用代码", max_length=18, db_index=True)
    seq = models.BigIntegerField("序列号")
    prev = models.CharField("前一编号", max_length=64)
    gap = models.BooleanField("前有空缺")
    received = models.BigIntegerField("接收时间")

    class Meta:
        """Names and the rules that the database keeps."""

        verbose_name = "签名文件"
        verbose_name_plural = "签名文件"
        constraints: ClassVar = [models.UniqueConstraint(fields=["kid", "seq"], name="one_statement_per_sequence_number")]

    def __str__(self) -> str:
        return self.statement_id


class Node(AppendOnly):
    """The hash of a complete subtree of the log: 2^level leaves beginning with leaf index * 2^level."""

    pk = models.CompositePrimaryKey("level", "index")
    level = models.PositiveSmallIntegerField("层")
    index = models.BigIntegerField("序号")
    hash = models.BinaryField("散列")

    class Meta:
        """Names."""

        verbose_name = "日志节点"
        verbose_name_plural = "日志节点"

    def __str__(self) -> str:
        return f"{self.level}/{self.index}"


class Receipt(AppendOnly):
    """The receipt that the submitter got; who submits again gets these very bytes."""

    statement = models.OneToOneField(
        Statement, verbose_name="签名文件", on_delete=models.PROTECT, primary_key=True, related_name="receipt"
    )
    bundle = models.BinaryField("回执")
    tree_size = models.BigIntegerField("日志大小")

    class Meta:
        """Names."""

        verbose_name = "回执"
        verbose_name_plural = "回执"

    def __str__(self) -> str:
        return f"{self.statement_id}"
