"""Group commit: writers that wait at the same time share one transaction, so one wait for the disk
serves them all.

A thread puts its work into the queue.  The first one leads: it takes the office's write lock, does
what is queued by then in one go, and commits once.  Only then does any of them get its outcome:
nobody is told of anything that is not on disk.  They are woken at once, and whoever came meanwhile
leads next.

There is no thread of its own and no timer: one client alone gets a transaction of its own at once,
and groups grow by themselves with what arrives during a commit.  The queue is the process's;
processes take turns by the database's lock.
"""

from collections import deque
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Generic, TypeVar, cast

from django.db import InterfaceError, OperationalError, connections

from biandun_office.platform.database import writing

Work = TypeVar("Work")
Outcome = TypeVar("Outcome")


class _Job(Generic[Work]):
    """One writer's work, and how it ended: with a result, or with an error."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.done = False
        self.outcome: object = None
        self._asleep = Lock()
        self._asleep.acquire()

    def end(self, outcome: object) -> None:
        """The transaction has ended."""
        self.outcome, self.done = outcome, True

    def wait(self) -> None:
        """Sleep until the work is done, or this thread is to lead."""
        self._asleep.acquire()

    def wake(self) -> None:
        """End the wait."""
        self._asleep.release()


class GroupCommit(Generic[Work, Outcome]):
    """A queue of writers.

    ``together`` does the work of several, inside the transaction, and returns for each its result,
    or the error that is its own and has left nothing behind.  It runs on any thread, and again if a
    leader was ended in the middle: it must not mind finding some of it done.
    """

    def __init__(self, together: Callable[[Sequence[Work]], Sequence[Outcome | Exception]]) -> None:
        self._together = together
        self._queue: deque[_Job[Work]] = deque()
        self._is_led = False
        self._changing = Lock()  # the two above

    def run(self, work: Work) -> Outcome:
        """Have ``work`` done under the write lock and return its result, once that is durable.

        Raises the error that is its own; what the database raises at the lock or the commit, to
        everybody in the group.  Raises RuntimeError inside another transaction, where nothing would
        be durable yet.
        """
        if connections["default"].in_atomic_block:
            raise RuntimeError("a group commit inside a transaction is none")
        job = _Job(work)
        with self._changing:
            self._queue.append(job)
            follows, self._is_led = self._is_led, True
        if follows:
            job.wait()
        if not job.done:
            self._lead(job)
        if isinstance(job.outcome, Exception):
            raise job.outcome
        return cast("Outcome", job.outcome)

    def _lead(self, own: _Job[Work]) -> None:
        """Do what is queued, ``own`` among it.

        Who dies on the way leaves the others' work to the next leader.
        """
        taken = list[_Job[Work]]()
        try:
            self._do_queued(taken)
        finally:
            with self._changing:
                self._queue.extendleft(
                    job for job in reversed(taken) if not job.done and job is not own
                )
                if own in self._queue:
                    self._queue.remove(own)
                self._is_led = bool(self._queue)
                if self._queue:
                    self._queue[0].wake()
            for job in taken:
                if job.done and job is not own:
                    job.wake()

    def _do_queued(self, taken: list[_Job[Work]]) -> None:
        """Move what is queued to ``taken``, and end it in one transaction.

        Raises what is no Exception only.
        """
        before = len(self._queue)
        try:
            with writing():
                self._take(len(self._queue), taken)
                outcomes = self._together([job.work for job in taken])
            for job, outcome in zip(taken, outcomes, strict=True):
                job.end(outcome)
        except Exception as error:
            if len(taken) > 1 and not isinstance(error, (OperationalError, InterfaceError)):
                # one of them is to blame, and not the disk or the connection
                self._do_one_by_one(taken)
                return
            if not taken:  # without the lock: those who came meanwhile wait for it themselves
                self._take(before, taken)
            for job in taken:
                job.end(error)

    def _do_one_by_one(self, jobs: Sequence[_Job[Work]]) -> None:
        for place, job in enumerate(jobs):
            try:
                with writing():
                    (outcome,) = self._together([job.work])
            except (
                OperationalError,
                InterfaceError,
            ) as error:  # all the others would wait for the same
                for one in jobs[place:]:
                    one.end(error)
                return
            except Exception as error:
                job.end(error)
            else:
                job.end(outcome)

    def _take(self, count: int, taken: list[_Job[Work]]) -> None:
        with self._changing:
            taken += [self._queue.popleft() for _ in range(count)]
