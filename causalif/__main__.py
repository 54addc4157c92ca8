"""``python -m causalif``."""

from causalif.cli import main

raise SystemExit(main())
