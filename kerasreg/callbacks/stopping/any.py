"""Several criteria, of which any may stop."""

from kerasreg._register import register
from kerasreg.callbacks.stopping._decision import decision
from kerasreg.callbacks.stopping._members import checked_members, first_deadline, members_config
from kerasreg.callbacks.stopping.criterion import Criterion


@register
class Any(Criterion):
    """Any of several criteria.

    Stops as soon as one of them stops; the reason is that of the first in the list that does.

    No known difference from the paper, which joins its criteria to a largest number of epochs.

    Args:
        criteria: A list of at least one criterion.

    Raises:
        TypeError: If `criteria` is not a list of criteria.
        ValueError: If it is empty.

    Example:
        >>> import kerasreg
        >>> loss, limit = kerasreg.callbacks.GeneralizationLoss(5), kerasreg.callbacks.TimeLimit(60)
        >>> criterion = kerasreg.callbacks.Any([loss, limit])
        >>> stopper = kerasreg.callbacks.EarlyStopping("val_loss", criterion=criterion)

    Reference:
        Prechelt 1998, Early Stopping - But When?, LNCS 1524, section 2.
    """

    def __init__(self, criteria):
        self.criteria = checked_members(criteria, self)

    def decide(self, history):
        """Returns whether to stop after the last value, and the reason if so."""
        for member in self.criteria:
            stop, reason = decision(member, history, self)
            if stop:
                return True, reason
        return False, None

    @property
    def deadline_seconds(self):
        """The earliest deadline of a member, None if there is none."""
        return first_deadline(self.criteria)

    def get_config(self):
        """Returns the constructor arguments."""
        return members_config(self.criteria)
