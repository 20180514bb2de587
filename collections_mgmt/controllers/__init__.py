from . import opt_out, plan, tracking
