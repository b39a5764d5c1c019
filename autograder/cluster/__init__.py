"""`autograder grade UNIT --dask ADDRESS`: a cluster is a larger sandbox.

The judge stays here, with the key, the comparison, every verdict and the gradebook. A worker gets what a sandbox's
child gets: a job (JSON, as bytes), its limits (numbers) and the unit's name. It runs the job in a warm sandbox of its
own and gives back how that ended: a status, the frames (bytes) and a sentence. A job holds a student's cells, seeds and
the source of hidden probes; no expected value, and nothing of the reference that is being judged.

    judge ─ ClusterSandbox ─ Crew ─ dask's scheduler ─ dask's worker ─ Sandbox ─ child   cluster_sandbox, crew
                                                        prove, run_there                  proof, worker

Whom this trusts. Scheduler and workers are machines of the course's staff, as this one is. Whoever can reach the
scheduler can run code on the workers, so keep its port inside, or use `tls://`, whose certificates dask reads from its
own configuration (`distributed.comm.tls`). Dask sends functions and arguments by pickle. What it pickles of ours are
the names of two functions, strings, numbers and bytes; what a student's code wrote is among the bytes, and nobody
unpickles those: no object of a student ever stands in a trusted process.

It fails closed. Each worker proves its isolation by trying it (`best_level`), and that it has the same engine, Python,
torch and numpy. One that differs, or is weaker than what the run was begun with, gets no job, and the reason is told.

What can die may die. A job whose worker is gone runs again elsewhere; what a scheduler forgot is handed to the next one
at the same address. When nobody is left, this waits, and says so. CLUSTER.md says how to start a cluster.
"""

from autograder.cluster.cluster_sandbox import ClusterSandbox

__all__ = ["ClusterSandbox"]
