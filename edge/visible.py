"""What may stand in a header: a line break would begin another one."""

from typing import Annotated

from msgspec import Meta

# \Z and not $, which lets a line break pass at the very end.
Visible = Annotated[str, Meta(pattern=r"\A[\x21-\x7e]{1,256}\Z")]
Word = Annotated[str, Meta(pattern=r"\A[a-z_]{1,64}\Z")]
