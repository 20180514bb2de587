from . import announce, opt_out, plan, tracking
