"""Group commit: writers that wait at the same time share one transaction, so one wait for the disk serves them all.

A thread puts its work into the queue and waits for its turn to lead.  The leader takes the office's write lock, runs all
work that is queued by then, each in a savepoint of its own, and commits once.  Only then does any of them get its outcome:
nobody is told of anything that is not on disk.  Whoever finds its work done when its turn comes just leaves.

There is no thread of its own and no timer: one client alone gets a transaction of its own at once, and groups grow by
themselves with what arrives during a commit.  The queue is the process's; processes take turns by the database's lock.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeVar

from django.db import Error as DatabaseProblem
from django.db import connections

from biandun_office import sql
from biandun_office.database import writing

T = TypeVar("T")


@dataclass(eq=False)
class _Job:
    """One writer's work, and how it ended: with ``outcome``, or with ``error``."""

    work: Callable[[], Any]
    done: bool = False
    outcome: Any = None
    error: Exception | None = None

    def end(self, error: Exception | None) -> None:
        """The transaction has ended: with ``error``, or by a commit."""
        self.error, self.done = error or self.error, True


class GroupCommit:
    """A queue of writers."""

    def __init__(self) -> None:
        self._queue: deque[_Job] = deque()
        self._leading = Lock()

    def run(self, work: Callable[[], T]) -> T:
        """Run ``work`` under the write lock and return what it returns, once that is durable; undo it when it raises.

        Raises what ``work`` raises, and what the database raises at the lock or the commit, to everybody in the group.
        ``work`` runs on any thread, and again if its first leader was ended in the middle: it must not mind finding itself
        done.  Raises RuntimeError inside another transaction, where nothing would be durable yet.
        """
        if connections["default"].in_atomic_block:
            raise RuntimeError("a group commit inside a transaction is none")
        job = _Job(work)
        self._queue.append(job)
        with self._leading:
            if not job.done:
                self._lead(job)
        if job.error is not None:
            raise job.error
        return job.outcome

    def _lead(self, own: _Job) -> None:
        """Do what is queued, ``own`` among it.  Who dies on the way leaves the others' work to the next leader."""
        before, taken = len(self._queue), list[_Job]()
        try:
            with writing():
                taken = self._take(len(self._queue))
                _run_each(taken)
            for job in taken:
                job.end(None)
        except Exception as error:
            for job in taken or self._take(before):  # without the lock: those who came meanwhile wait for it themselves
                job.end(error)
        except BaseException:
            self._queue.extendleft(job for job in reversed(taken) if not job.done)
            if not own.done:
                self._queue.remove(own)
            raise

    def _take(self, count: int) -> list[_Job]:
        return [self._queue.popleft() for _ in range(count)]


def _run_each(jobs: list[_Job]) -> None:
    """Run all, inside the group's transaction; one that raises is undone and harms no other.

    Raises when the transaction itself is lost, or its only job failed.
    """
    if len(jobs) == 1:  # the transaction is its savepoint
        jobs[0].outcome = jobs[0].work()
        return
    for job in jobs:
        sql.run("SAVEPOINT job")  # the newest of its name counts, and the commit releases them all
        try:
            job.outcome = job.work()
        except Exception as error:
            _undo(error)
            job.error = error


def _undo(error: Exception) -> None:
    """Go back to the savepoint.  A full disk or a lost connection takes the whole transaction with it: raises what did."""
    try:
        sql.run("ROLLBACK TO SAVEPOINT job")
    except DatabaseProblem as lost:
        raise (error if isinstance(error, DatabaseProblem) else lost) from None
    connections["default"].needs_rollback = False  # what the ORM noted of a failed query lies behind the savepoint
