"""What runs next: searchers propose configurations, schedulers decide how long each is trained.

Read ``bracket``, the plan of a round, and ``trial``; then ``searchers``, ``base``, ``waiting`` and
``halving``, the algorithm of the book. ``hyperband`` and ``asha`` vary it; ``kde`` is a searcher
that learns.
"""

from sh_teach.schedulers.base import BasicScheduler, HPOScheduler, rank
from sh_teach.schedulers.bracket import Bracket
from sh_teach.schedulers.trial import Trial
from sh_teach.schedulers.waiting import WaitingLine

__all__ = ["BasicScheduler", "Bracket", "HPOScheduler", "Trial", "WaitingLine", "rank"]
