"""Write `docs/doctor.md` from the checks: ``python -m tests.doctor.write_doctor_page``."""

from __future__ import annotations

from bot.services.inspection.catalogue import page
from tests.project.checkout import ROOT

PAGE = ROOT / "docs" / "doctor.md"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
