module attributes {plan.targets = [#tz_null.target<"paper">]} {}
