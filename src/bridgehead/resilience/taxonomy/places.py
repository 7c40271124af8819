"""What places of files answer: the operating system's numbers, SFTP's, and the codes of S3-compatible storage."""

from __future__ import annotations

from typing import Final

from bridgehead.resilience.taxonomy.row import Row, rows

ROWS: Final[tuple[Row, ...]] = (
    *rows(
        "files", "errno", "IEEE Std 1003.1-2017, section 2.3: a call that fails so has changed nothing",
        ("EACCES EPERM", "forbidden", False, "the file's or the folder's rights do not allow it"),
        ("EROFS", "forbidden", False, "the file system is mounted read-only"),
        ("ELOOP", "forbidden", False, "a link, which is not followed"),
        ("ENOENT", "not_found", False, "there is no such file or folder"),
        ("ENOTDIR EISDIR", "not_found", False, "a folder where a file was expected, or the other way round"),
        ("EEXIST ENOTEMPTY", "conflict", False, "there is a file of this name"),
        ("ENAMETOOLONG EINVAL EILSEQ", "invalid_input", False, "a name that the file system does not take"),
        ("EFBIG", "invalid_input", False, "larger than the file system takes"),
        ("EXDEV", "invalid_input", False, "the target lies on another file system"),
        ("ENOSPC EDQUOT", "dependency_down", False, "the disk, or the quota on it, is full"),
        ("EAGAIN EBUSY ETXTBSY EINTR EDEADLK ENOLCK", "transient", False, "somebody else holds the file"),
        ("EMFILE ENFILE ENOMEM", "throttled", False, "this machine has no more open files, or no memory"),
    ),
    *rows(
        "files", "errno", "IEEE Std 1003.1-2017, section 2.3: the disk or a network file system is away",
        ("EIO ENXIO ENODEV", "dependency_down", None, "the disk fails"),
        ("ESTALE", "transient", None, "the network file system has forgotten the file's handle"),
        ("ETIMEDOUT", "timeout", None, "the network file system does not answer"),
    ),
    *rows(
        "files", "condition", "the contract of a store",
        ("changing", "transient", False, "the file was written to while it was read"),
        ("changed", "conflict", False, "the file is another one than was seen"),
        ("other_content", "conflict", False, "there is a file of this name with other content"),
        ("too_long", "invalid_output", False, "more files, records or bytes than one read may bring"),
        ("off_form", "invalid_output", False, "the file is not of the form that was declared"),
    ),
    *rows(
        "sftp", "exception", "draft-ietf-secsh-filexfer-02 section 7, RFC 4252, as paramiko raises them",
        ("FileNotFoundError", "not_found", False, "there is no such file or folder"),
        ("PermissionError", "forbidden", False, "the server does not allow it"),
        ("AuthenticationException BadAuthenticationType", "auth_expired", False, "the server does not let us in"),
        ("BadHostKeyException", "forbidden", False, "the server shows a key that is not known"),
        ("TimeoutError", "timeout", None, "no answer in time"),
        ("EOFError SSHException OSError", "transient", None, "the connection broke, or the server failed"),
    ),
    *rows(
        "s3", "code", "Amazon S3 API reference, list of error codes; MinIO and Ceph answer with the same",
        ("AccessDenied AllAccessDisabled AccountProblem", "forbidden", False, "the key may not do this"),
        (
            "ExpiredToken InvalidToken TokenRefreshRequired InvalidAccessKeyId SignatureDoesNotMatch",
            "auth_expired", False, "the key is not known, or not any more",
        ),
        ("RequestTimeTooSkewed", "auth_expired", False, "this machine's clock is wrong"),
        ("NoSuchBucket NoSuchKey NoSuchUpload NoSuchVersion", "not_found", False, "it is not there"),
        ("SlowDown Throttling ThrottlingException RequestLimitExceeded", "throttled", False, "too many requests"),
        ("ServiceUnavailable", "throttled", None, "the storage asks for fewer requests"),
        ("PreconditionFailed", "conflict", False, "the object is another one than was meant"),
        ("BucketAlreadyExists BucketAlreadyOwnedByYou", "conflict", False, "there is a bucket of this name"),
        ("ConditionalRequestConflict OperationAborted", "transient", False, "another write was under way"),
        ("RequestTimeout", "timeout", False, "the request did not come in time"),
        ("EntityTooLarge EntityTooSmall KeyTooLongError InvalidRequest", "invalid_input", False, "a wrong request"),
        ("QuotaExceeded XMinioStorageFull", "dependency_down", False, "the storage is full"),
        ("InternalError", "transient", None, "the storage failed"),
    ),
    *rows(
        "s3", "status", "Amazon S3 API reference; other statuses mean what they do in HTTP",
        ("503", "throttled", None, "the storage asks for fewer requests"),
    ),
)  # fmt: skip
