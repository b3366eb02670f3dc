"""Several criteria that have to agree."""

from kerasreg._register import register
from kerasreg.callbacks.stopping._decision import decision
from kerasreg.callbacks.stopping._members import checked_members, first_deadline, members_config
from kerasreg.callbacks.stopping.criterion import Criterion


@register
class All(Criterion):
    """All of several criteria.

    Stops when all of them stop at the same validation; the reasons are joined by "and". Criteria
    that look at the ends of strips only (`ProgressQuotient`, `SuccessiveIncreases`) agree there or
    not at all.

    No known difference from the paper, which joins its criteria to a progress below 0.1 per mille.

    Args:
        criteria: A list of at least one criterion.

    Raises:
        TypeError: If `criteria` is not a list of criteria.
        ValueError: If it is empty.

    Example:
        >>> import kerasreg
        >>> from kerasreg.callbacks import GeneralizationLoss, Patience
        >>> criterion = kerasreg.callbacks.All([GeneralizationLoss(5), Patience(3)])
        >>> stopper = kerasreg.callbacks.EarlyStopping("val_loss", criterion=criterion)

    Reference:
        Prechelt 1998, Early Stopping - But When?, LNCS 1524, section 2.
    """

    def __init__(self, criteria):
        self.criteria = checked_members(criteria, self)

    def decide(self, history):
        """Returns whether to stop after the last value, and the reasons if so."""
        decisions = [decision(member, history, self) for member in self.criteria]
        if all(stop for stop, _ in decisions):
            return True, " and ".join(dict.fromkeys(str(reason) for _, reason in decisions))
        return False, None

    @property
    def deadline_seconds(self):
        """The earliest deadline of a member, None if there is none."""
        return first_deadline(self.criteria)

    def get_config(self):
        """Returns the constructor arguments."""
        return members_config(self.criteria)
