"""The templates of the pages."""

from pathlib import Path
from typing import Final

from fastapi.templating import Jinja2Templates

PAGES: Final = Path(__file__).parents[1] / "pages"

templates: Final = Jinja2Templates(PAGES)
