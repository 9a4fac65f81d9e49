"""The evidence: blobs by digest, statements as received, the Merkle log over them, receipts; and
what keys' chains tell.

Whatever derives from AppendOnly only grows.  Python refuses to change a row, triggers refuse it in
the database (see platform/append_only.py), and whoever removes those is found out by the log.
Digests and names are kept as lower-case hexadecimal.
"""

from typing import ClassVar

from django.db import models

from biandun_office.issuance.models import Certificate, KeyDevice
from biandun_office.platform.rows import AppendOnly


class Blob(models.Model):
    """A file that was uploaded.

    The file system says whether it is there; this row says how much it weighs and for whom.

    ``sha256`` is its name: a manifest of an SM2 office is named by its SM3 (blobs.py).
    """

    sha256 = models.CharField("摘要", max_length=64, primary_key=True)
    size = models.PositiveIntegerField("大小")
    stored_at = models.BigIntegerField("上传时间")
    referenced = models.BooleanField("已被引用", default=False)

    class Meta:
        """Names, and what the sum over unreferenced blobs reads."""

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
    """A statement that the office accepted, byte for byte, and its place in the log;
    ``certificate`` is the one that it names.

    ``gap`` notes that its predecessor in the key's chain had not arrived; ``received`` never falls
    from one row to the next, but where a person corrected the clock
    (``timekeeping.models.ClockCheck``).
    """

    leaf_index = models.BigIntegerField("日志序号", primary_key=True)
    statement_id = models.CharField("编号", max_length=64, unique=True)
    raw = models.BinaryField("原始字节")
    digest = models.CharField("材料摘要", max_length=64)
    purpose = models.CharField("用途", max_length=16)
    # every index is one more page to write for each statement: nothing is looked up by these two
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
    """The hash of a complete subtree of the log: 2^level leaves beginning with leaf index *
    2^level.
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
    """The receipt that the submitter got; who submits again gets these very bytes."""

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
    """That a statement's manifest names a blob as attachment: who may see the case may read the
    blob.
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
    """Names of a run of a key's statements: an export of links as received, or an order that stands
    for one of them.
    """

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
    """The name that a key states for one of its statements, which need not have arrived; ``chain``
    as in Certificate.
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
    """An order that was given to one key; ``seq`` is the number after which a reinstated one goes
    on.
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
    """A key's audit ring as received: events ``first`` to ``last``, ``link`` behind the last;
    ``contradicts`` what was received before.
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
    """A hole in a key's chain, held by its upper edge: ``seq`` is missing and seq + 1 is known.

    When the edge arrives and its own predecessor is missing, the hole goes on as a new row with the
    old ``opened``.
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
    """A statement, or an export of links, that contradicts what the office has of the same key:
    kept, never in the log.
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
    """Something that a person must look at; ``resolved`` is when one did, and ``resolution`` what
    was decided.
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
