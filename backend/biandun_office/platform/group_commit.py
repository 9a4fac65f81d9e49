"""Group commit: concurrent writers share one transaction, so one fsync serves them all.

A thread puts its work into the queue.  The first thread leads: it takes the office's write lock,
does everything that is queued by then, and commits once.  Only after the commit do the threads get
their results, so no caller learns of something that is not on disk.  All of them are woken then,
and the first thread that queued meanwhile leads next.

A thread that is about to bring work says so (``approaching``).  A leader waits for those who were
on their way when it began, because work that shares a transaction costs much less than work in a
transaction of its own.

There is no extra thread and no timer: a single client gets its own transaction at once.  There is
one queue per process; processes exclude each other with the database's lock.
"""

from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from threading import Condition, Lock, get_ident
from typing import Generic, TypeVar, cast

from django.db import InterfaceError, OperationalError, connections

from biandun_office.platform.database import writing

Work = TypeVar("Work")
Outcome = TypeVar("Outcome")


class _Job(Generic[Work]):
    """One writer's work, and its outcome: a result or an exception."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.done = False
        self.outcome: object = None
        self._asleep = Lock()
        self._asleep.acquire()

    def end(self, outcome: object) -> None:
        """Store the outcome; the transaction has ended."""
        self.outcome, self.done = outcome, True

    def wait(self) -> None:
        """Sleep until the work is done or this thread has to lead."""
        self._asleep.acquire()

    def wake(self) -> None:
        """End ``wait``."""
        self._asleep.release()


class GroupCommit(Generic[Work, Outcome]):
    """A queue of writers that share transactions.

    ``together`` does the work of several writers inside the transaction.  It returns for each a
    result, or an exception; work that ended in an exception has written nothing.  It runs on any of
    the threads.  It runs again if a leader was killed in the middle, so it must cope with work that
    is already done.
    """

    def __init__(self, together: Callable[[Sequence[Work]], Sequence[Outcome | Exception]]) -> None:
        self._together = together
        self._queue: deque[_Job[Work]] = deque()
        self._is_led = False
        self._approaching = set[int]()  # threads that are about to call ``run``
        self._awaited = set[int]()  # those of them that the leader waits for
        self._changing = Condition()  # protects the four above

    @contextmanager
    def approaching(self) -> Generator[None]:
        """Announce that this thread is about to call ``run``, so that leaders wait for it.

        The announcement ends when the thread calls ``run`` or ``let_others_go``, or at the end of
        the block.
        """
        with self._changing:
            self._approaching.add(get_ident())
        try:
            yield
        finally:
            self.let_others_go()

    def let_others_go(self) -> None:
        """End this thread's announcement, if there is one: before anything that takes long."""
        with self._changing:
            self._arrive()

    def _arrive(self) -> None:
        """End this thread's announcement.  The caller holds ``_changing``."""
        self._approaching.discard(get_ident())
        if get_ident() in self._awaited:
            self._awaited.remove(get_ident())
            if not self._awaited:
                self._changing.notify()

    def run(self, work: Work) -> Outcome:
        """Do ``work`` under the write lock and return its result once that is durable.

        Raises the exception of this work; an error of the database at the lock or the commit is
        raised to everybody in the group.  Raises RuntimeError inside another transaction, where
        nothing would be durable yet.
        """
        if connections["default"].in_atomic_block:
            raise RuntimeError("a group commit needs a transaction of its own")
        job = _Job(work)
        with self._changing:
            self._arrive()
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
        """Do the queued work, ``own`` included.

        If this thread is interrupted, unfinished work of others goes back to the queue for the next
        leader.
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
        """Move the queue to ``taken`` and do it in one transaction.

        An Exception becomes the outcome of the jobs; only other BaseExceptions are raised.
        """
        self._wait_for_approaching()
        before = len(self._queue)
        try:
            with writing():
                self._take(len(self._queue), taken)
                outcomes = self._together([job.work for job in taken])
            for job, outcome in zip(taken, outcomes, strict=True):
                job.end(outcome)
        except Exception as error:
            if len(taken) > 1 and not isinstance(error, (OperationalError, InterfaceError)):
                # not an error of disk or connection, so one of the jobs caused it
                self._do_one_by_one(taken)
                return
            if not taken:  # the lock timed out: fail the jobs that were queued at the start
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
            ) as error:  # the remaining jobs would fail in the same way
                for one in jobs[place:]:
                    one.end(error)
                return
            except Exception as error:
                job.end(error)
            else:
                job.end(outcome)

    def _wait_for_approaching(self) -> None:
        """Wait for the threads that are on their way now, not for those that announce themselves
        later: nobody can hold a leader up for ever.
        """
        with self._changing:
            self._awaited = set(self._approaching)
            self._changing.wait_for(lambda: not self._awaited)

    def _take(self, count: int, taken: list[_Job[Work]]) -> None:
        with self._changing:
            taken += [self._queue.popleft() for _ in range(count)]
