package io.sparkformer.jobs.dataset;

import io.sparkformer.jobs.ExitCode;
import io.sparkformer.jobs.JobCommand;
import picocli.CommandLine.Command;
import picocli.CommandLine.IExitCodeGenerator;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code sparkformer dataset}, which is nothing without one of its commands. */
@Command(
    name = "dataset",
    synopsisSubcommandLabel = "<command>",
    commandListHeading = "%nCommands:%n",
    description = "Looks at token data sets, checks them, puts them together.",
    subcommands = {DatasetShowCommand.class, DatasetVerifyCommand.class, DatasetMergeCommand.class},
    footer = {"", "'sparkformer dataset <command> --help' shows a command's options."})
public final class DatasetCommand implements JobCommand, Runnable, IExitCodeGenerator {

  @Spec private CommandSpec spec;

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getErr());
  }

  @Override
  public int getExitCode() {
    return ExitCode.MISUSED;
  }
}
