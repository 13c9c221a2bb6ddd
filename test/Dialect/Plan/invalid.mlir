// RUN: terrazzo-opt %s --split-input-file --verify-diagnostics

// Every error that the dialect's verifiers can report.

// expected-error@+1 {{must hold exactly one builtin.module}}
plan.kernel @k attributes {target = "any"} {
}

// -----

// expected-error@+1 {{must hold exactly one builtin.module}}
plan.kernel @k attributes {target = "any"} {
  tz.func @k() {
    tz.return
  }
}

// -----

// expected-error@+1 {{must hold exactly one builtin.module}}
plan.kernel @k attributes {target = "any"} {
  builtin.module {
    tz.func @k() {
      tz.return
    }
  }
  builtin.module {}
}

// -----

// expected-error@+1 {{holds no function named 'k'}}
plan.kernel @k attributes {target = "any"} {
  builtin.module {
    tz.func @other() {
      tz.return
    }
  }
}

// -----

module {
  plan.arena @arena {bytes = 64 : i64}
  plan.program @p attributes {max_sizes = array<i64: 1>} {
    // expected-error@+1 {{launches 'arena', which is not a plan.kernel of this module}}
    plan.launch @arena()
  }
}

// -----

module {
  plan.program @p attributes {max_sizes = array<i64: 1>} {
    // expected-error@+1 {{launches 'missing', which is not a plan.kernel of this module}}
    plan.launch @missing()
  }
}
