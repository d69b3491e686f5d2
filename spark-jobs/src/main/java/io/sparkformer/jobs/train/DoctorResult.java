package io.sparkformer.jobs.train;

import java.util.List;

/**
 * What doctor prints.
 *
 * @param ok whether nothing must be changed
 */
record DoctorResult(boolean ok, List<PreflightCheck> checks) {}
