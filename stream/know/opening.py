"""A registry as settings ask for it: lists, model and policy of identity read and checked."""

from kyc.facts import Reading
from kyc.lists.lookups import Lists
from kyc.lists.roll import Roll
from kyc.screening.screener import Screener
from kyc.screening.watch import Watch
from stream.broker.sinks import Sink
from stream.broker.tombstones import Burial
from stream.controls.table import Controls
from stream.decode.geography import Geography
from stream.decode.hashing import KeyedHasher
from stream.govern.governor import Governor
from stream.know.accounts import Registry
from stream.know.assessor import open_assessor
from stream.know.census import Census
from stream.know.departed import Departed
from stream.know.inquiry import Inquiry
from stream.know.vault import Vault
from stream.metrics import Metrics
from stream.settings import Settings
from stream.store import Store


def open_registry(
    settings: Settings,
    hasher: KeyedHasher,
    geography: Geography,
    census: Census,
    store: Store,
    sink: Sink,
    metrics: Metrics,
    vault: Vault | None = None,
    controls: Controls | None = None,
    governor: Governor | None = None,
    burial: Burial | None = None,
    departed: Departed | None = None,
) -> Registry:
    """Raises ModelError, PolicyError or ListError, which name the file.

    controls: what people order, none: nobody does; governor: none where nobody is acted on;
    burial: ends what topics hold of erased accounts; departed: hears of these.
    """
    held = controls or Controls(settings.mode)
    assessor = open_assessor(settings, held)
    reading = Reading(
        hasher, geography.locate, Lists.load(settings.lists_dir), assessor.policy.famous_mail
    )
    roll = Roll.load(settings.lists_dir)
    watch = Watch(Screener(roll.entries)) if roll.version else None
    inquiry = Inquiry(assessor, census, store, controls=held, governor=governor)
    return Registry(
        reading,
        inquiry,
        store,
        sink,
        metrics,
        settings.stream_epoch,
        watch=watch,
        vault=vault,
        burial=burial,
        departed=departed or Departed(),
    )
