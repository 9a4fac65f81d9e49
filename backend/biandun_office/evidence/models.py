"""The evidence: uploaded files, received statements, the Merkle log over them, receipts, chains.

Models derived from AppendOnly only grow.  Python refuses to change their rows, triggers refuse it
in the database (see platform/append_only.py), and when somebody removes those, ``log-check`` finds
what was changed.  Digests and statement ids are stored as lower-case hexadecimal.
"""

from typing import ClassVar

from django.db import models

from biandun_office.issuance.models import Certificate, KeyDevice
from biandun_office.platform.rows import AppendOnly


class Blob(models.Model):
    """An uploaded file.

    The file system decides whether it is stored; this row has its size in bytes, when it was
    uploaded, and whether evidence refers to it.  ``sha256`` is its name; a manifest of an SM2
    office is named by its SM3 (blobs.py).
    """

    sha256 = models.CharField("摘要", max_length=64, primary_key=True)
    size = models.PositiveIntegerField("大小")
    stored_at = models.BigIntegerField("上传时间")
    referenced = models.BooleanField("已被引用", default=False)

    class Meta:
        """Names, and the index for the sum over unreferenced blobs."""

        verbose_name = "文件"
        verbose_name_plural = "文件"
        indexes: ClassVar = [
            models.Index(
                fields=["stored_at", "size"],
                condition=models.Q(referenced=False),
                name="unreferenced_blobs",
            )
        ]

    def __str__(self) -> str:
        return self.sha256


class Statement(AppendOnly):
    """A statement that the office accepted, byte for byte, and its place in the log.

    ``certificate`` is the one that it names.  ``gap`` is true when its predecessor in the key's
    chain had not arrived.  ``received`` never decreases from one row to the next, except where a
    person corrected the clock (``timekeeping.models.ClockCheck``).
    """

    leaf_index = models.BigIntegerField("日志序号", primary_key=True)
    statement_id = models.CharField("编号", max_length=64, unique=True)
    raw = models.BinaryField("原始字节")
    digest = models.CharField("材料摘要", max_length=64)
    purpose = models.CharField("用途", max_length=16)
    # neither certificate nor uscc is indexed, because nothing is looked up by them and each index
    # is one more page to write for each statement
    certificate = models.ForeignKey(
        Certificate,
        verbose_name="证书",
        on_delete=models.PROTECT,
        related_name="statements",
        db_index=False,
    )
    kid = models.CharField("密钥标识", max_length=32)
    uscc = models.CharField("统一社会信用代码", max_length=18)
    seq = models.BigIntegerField("序列号")
    prev = models.CharField("前一编号", max_length=64)
    gap = models.BooleanField("前有空缺")
    received = models.BigIntegerField("接收时间")

    class Meta:
        """Names and the rules that the database keeps."""

        verbose_name = "签名文件"
        verbose_name_plural = "签名文件"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kid", "seq"], name="one_statement_per_sequence_number")
        ]
        indexes: ClassVar = [models.Index(fields=["digest"], name="statement_by_manifest")]

    def __str__(self) -> str:
        return self.statement_id


class Node(AppendOnly):
    """The hash of a complete subtree of the log.

    It covers 2^level leaves, from leaf number index * 2^level on.
    """

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
    """The receipt that the submitter got; submitting again returns the same bytes."""

    statement = models.OneToOneField(
        Statement,
        verbose_name="签名文件",
        on_delete=models.PROTECT,
        primary_key=True,
        related_name="receipt",
    )
    bundle = models.BinaryField("回执")
    tree_size = models.BigIntegerField("日志大小")

    class Meta:
        """Names."""

        verbose_name = "回执"
        verbose_name_plural = "回执"

    def __str__(self) -> str:
        return f"{self.statement_id}"


class Attached(AppendOnly):
    """A statement's manifest names a blob as attachment.

    Whoever may see the statement's case may read the blob.
    """

    statement = models.ForeignKey(
        Statement, verbose_name="签名文件", on_delete=models.PROTECT, related_name="attached"
    )
    sha256 = models.CharField("摘要", max_length=64, db_index=True)

    class Meta:
        """Names."""

        verbose_name = "附件"
        verbose_name_plural = "附件"

    def __str__(self) -> str:
        return self.sha256


class Link(AppendOnly):
    """A signed claim of statement ids: an export of links, or an order that fills a number."""

    statement_id = models.CharField("编号", max_length=64, primary_key=True)
    certificate = models.ForeignKey(
        Certificate, verbose_name="证书", on_delete=models.PROTECT, related_name="links"
    )
    raw = models.BinaryField("原始字节")
    received = models.BigIntegerField("接收时间")

    class Meta:
        """Names."""

        verbose_name = "链接清单"
        verbose_name_plural = "链接清单"

    def __str__(self) -> str:
        return self.statement_id


class LinkedName(AppendOnly):
    """The statement id that a key claims at sequence number ``seq`` of ``chain``.

    The statement itself may not have arrived.  ``chain`` as in Certificate.
    """

    link = models.ForeignKey(
        Link, verbose_name="链接清单", on_delete=models.PROTECT, related_name="names"
    )
    chain = models.CharField("链标识", max_length=32, db_column="kid")
    seq = models.BigIntegerField("序列号")
    statement_id = models.CharField("编号", max_length=64)

    class Meta:
        """Names and the rules that the database keeps."""

        verbose_name = "链接"
        verbose_name_plural = "链接"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["chain", "seq"], name="one_name_per_sequence_number")
        ]

    def __str__(self) -> str:
        return f"{self.chain} {self.seq}"


class Order(AppendOnly):
    """An order that the office issued to one key.

    ``seq`` is the sequence number after which a reinstated key continues.
    """

    statement_id = models.CharField("编号", max_length=64, primary_key=True)
    certificate = models.ForeignKey(
        Certificate, verbose_name="证书", on_delete=models.PROTECT, related_name="orders"
    )
    purpose = models.CharField("用途", max_length=16)
    nonce = models.CharField("随机数", max_length=32)
    seq = models.BigIntegerField("续签序列号", null=True)
    raw = models.BinaryField("指令")
    reason = models.CharField("原因", max_length=400)
    issued = models.BigIntegerField("签发时间")

    class Meta:
        """Names and the rules that the database keeps."""

        verbose_name = "密钥指令"
        verbose_name_plural = "密钥指令"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["certificate", "nonce", "purpose"], name="one_order_per_challenge"
            )
        ]

    def __str__(self) -> str:
        return self.statement_id


class AuditRing(AppendOnly):
    """A key's audit ring as received: events ``first`` to ``last``.

    ``link`` is the hash of the chain of events after the last.  ``contradicts`` is true when the
    ring disagrees with what was received before.
    """

    device = models.ForeignKey(
        KeyDevice, verbose_name="密钥", on_delete=models.PROTECT, related_name="audits"
    )
    first = models.BigIntegerField("起始序号")
    last = models.BigIntegerField("最后序号")
    link = models.CharField("链值", max_length=64)
    contradicts = models.BooleanField("与已知记录矛盾")
    raw = models.BinaryField("原始字节")
    received = models.BigIntegerField("接收时间")

    class Meta:
        """Names and the rules that the database keeps."""

        verbose_name = "密钥审计记录"
        verbose_name_plural = "密钥审计记录"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["device", "last", "link"], name="one_audit_ring_per_head"
            )
        ]

    def __str__(self) -> str:
        return f"{self.device_id} {self.first}-{self.last}"


class Gap(models.Model):
    """Missing numbers in a key's chain; ``seq`` is the highest of them, so number seq + 1 is known.

    When statement ``seq`` arrives and its own predecessor is missing, a new row continues the gap
    with the old ``opened``.
    """

    certificate = models.ForeignKey(
        Certificate, verbose_name="证书", on_delete=models.PROTECT, related_name="gaps"
    )
    chain = models.CharField("链标识", max_length=32, db_column="kid")
    seq = models.BigIntegerField("序列号")
    opened = models.BigIntegerField("发现时间")
    closed = models.BigIntegerField("补齐时间", null=True)
    closed_by = models.CharField("由何补齐", max_length=64, blank=True)

    class Meta:
        """Names and the rules that the database keeps."""

        verbose_name = "空缺"
        verbose_name_plural = "空缺"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["chain", "seq"], name="one_gap_per_sequence_number")
        ]

    def __str__(self) -> str:
        return f"{self.chain} {self.seq}"


class ForkEvidence(AppendOnly):
    """A statement or an export of links that contradicts what the office has of the same key.

    It is stored here and never enters the log.
    """

    statement_id = models.CharField("编号", max_length=64, primary_key=True)
    certificate = models.ForeignKey(
        Certificate, verbose_name="证书", on_delete=models.PROTECT, related_name="forks"
    )
    kid = models.CharField("密钥标识", max_length=32)
    seq = models.BigIntegerField("序列号")
    raw = models.BinaryField("原始字节")
    reason = models.CharField("原因", max_length=20)
    known = models.CharField("已知编号", max_length=64)
    received = models.BigIntegerField("接收时间")

    class Meta:
        """Names."""

        verbose_name = "分叉证据"
        verbose_name_plural = "分叉证据"

    def __str__(self) -> str:
        return self.statement_id


class Alert(models.Model):
    """Something that a person must look at.

    ``resolved`` is when a person did so, ``resolution`` what was decided.
    """

    class Kind(models.TextChoices):
        """What happened."""

        FORK = "FORK", "密钥链分叉，请联系单位"
        ROLLBACK = "ROLLBACK", "本编办日志被回退，请立即核查"

    kind = models.CharField("类别", max_length=12, choices=Kind.choices)
    certificate = models.ForeignKey(
        Certificate, verbose_name="证书", on_delete=models.PROTECT, related_name="alerts"
    )
    detail = models.CharField("说明", max_length=200)
    raised = models.BigIntegerField("发现时间")
    resolved = models.BigIntegerField("处理时间", null=True)
    resolution = models.CharField("处理意见", max_length=400, blank=True)

    class Meta:
        """Names and order."""

        verbose_name = "警报"
        verbose_name_plural = "警报"
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return f"{self.kind} {self.detail}"
