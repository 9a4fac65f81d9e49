"""The README of an exported contradiction: how to verify it with openssl alone."""

_ES256 = """\
openssl verify -CAfile office/root.pem -untrusted office/issuing.pem kept/certificate.pem
openssl x509 -in kept/certificate.pem -noout -pubkey > public.pem
openssl dgst -sha256 -verify public.pem -signature kept/signature.der kept/tbs
openssl dgst -sha256 kept/manifest.cbor
"""
_SM2 = """\
openssl verify -vfyopt distid:1234567812345678 -CAfile office/root.pem office/issuing.pem
openssl verify -vfyopt distid:1234567812345678 -partial_chain -trusted office/issuing.pem kept/certificate.pem
openssl x509 -in kept/certificate.pem -noout -pubkey > public.pem
openssl pkeyutl -verify -rawin -digest sm3 -pkeyopt distid:1234567812345678 -pubin -inkey public.pem \\
  -in kept/tbs -sigfile kept/signature.der
openssl dgst -sm3 kept/manifest.cbor
"""  # noqa: E501
_TEXT = """\
同一把密钥签署了互相矛盾的内容。 One key signed things that contradict each other.

kept/ 是被拒绝并留存的一份，known-1/ 等是它所矛盾的内容，office/ 是签发链，log/ 是存证日志的证明。
kept/ is what was refused and kept, known-1/ and so on what it contradicts, office/ the issuing chain, log/ the proofs of the log.

用 openssl 核验（known-1/ 等同理）。 Verify with openssl, and known-1/ and so on in the same way:

{steps}
审计记录用 device-key.pem 代替 public.pem。 For an audit ring take device-key.pem instead of public.pem.
最后一行的摘要是 tbs 的最后 32 字节。 The digest of the last line is the last 32 bytes of tbs.
附件以 SHA-256 命名，原名见 fork.json。 Attachments are named by SHA-256; fork.json has their names.
回执：receipt.cose 由 office/issuing.pem 签署；格式见 protocol/SPEC.md 第 4、7 节。
Receipts: receipt.cose is signed under office/issuing.pem; the formats are in protocol/SPEC.md, sections 4 and 7.

缺少的文件 Missing files: {missing}
"""  # noqa: E501


def readme(suite: str, missing: list[dict[str, str]]) -> str:
    """The README for an office of the given suite; ``missing`` as in ``fork_export.Export``."""
    lacks = "".join(f"\n  {one['file']}: {one['why']}" for one in missing) or "无 none"
    return _TEXT.format(steps=_SM2 if suite == "SM2" else _ES256, missing=lacks)
