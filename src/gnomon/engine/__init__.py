"""From a study to its results: plan, tasks, nodes, scores, executors."""
