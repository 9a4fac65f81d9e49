"""What the system says of a file, in words of both languages, and whether it says that there is no
room.
"""

import errno

from biandun_protocol.catalogue import Phrase

_CHINESE = {
    errno.EACCES: "没有权限",
    errno.EPERM: "不允许此操作",
    errno.EROFS: "磁盘是只读的",
    errno.ENOENT: "文件夹不存在",
    errno.EEXIST: "已有同名文件",
    errno.EISDIR: "是文件夹，不是文件",
    errno.ENOTDIR: "路径中有一段不是文件夹",
    errno.ENAMETOOLONG: "名称过长",
    errno.ELOOP: "链接绕成了圈",
    errno.EIO: "磁盘读写出错",
    errno.ENOSPC: "磁盘空间不足",
    errno.ENXIO: "没有这个设备",
    errno.ENODEV: "没有这个设备",
    errno.ENOTTY: "不是串口",
    errno.EBADF: "没有打开这个文件描述符",
    errno.EADDRINUSE: "已有程序占用",
    errno.EADDRNOTAVAIL: "本机没有这个地址",
    errno.EMFILE: "打开的文件过多",
}
# EDQUOT: a quota is used up; EFBIG: the file may not become larger.  Windows has no EDQUOT in every
# version of Python.
_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}


def reason(error: OSError) -> Phrase:
    """The system's words for an error, and ours where we have them."""
    return of_number(error.errno, error.strerror or str(error))


def of_number(number: int | None, english: str) -> Phrase:
    """The same for an error number that came by itself; ``english`` is what there is to say of one
    without words of ours.
    """
    return Phrase(_CHINESE.get(number or 0, english), english)


def is_full(error: OSError) -> bool:
    """Does it say that there is no room left?"""
    return error.errno in _FULL
