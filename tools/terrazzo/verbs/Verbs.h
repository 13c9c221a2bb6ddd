// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The verbs of terrazzo. Each add function registers one with its flags; when
// it was chosen on the command line it runs and leaves its exit code in
// `exitCode`.
#pragma once

#include "options/CommonOptions.h"

#include "package/Package.h"

void addBenchVerb(CLI::App &app, CommonOptions &common, int &exitCode);
void addCacheVerb(CLI::App &app, CommonOptions &common, int &exitCode);
void addCallVerb(CLI::App &app, CommonOptions &common, int &exitCode);
void addCheckVerb(CLI::App &app, CommonOptions &common, int &exitCode);
void addCompileVerb(CLI::App &app, CommonOptions &common, int &exitCode);
void addDoctorVerb(CLI::App &app, CommonOptions &common, int &exitCode);
void addEvalVerb(CLI::App &app, CommonOptions &common, int &exitCode);
void addEmbedVerb(CLI::App &app, CommonOptions &common, int &exitCode);
void addExplainVerb(CLI::App &app, CommonOptions &common, int &exitCode);
void addRunVerb(CLI::App &app, CommonOptions &common, int &exitCode);
void addTargetsVerb(CLI::App &app, CommonOptions &common, int &exitCode);
void addChatTemplateVerb(CLI::App &app, CommonOptions &common, int &exitCode);
void addTranscribeVerb(CLI::App &app, CommonOptions &common, int &exitCode);
void addDetokenizeVerb(CLI::App &app, CommonOptions &common, int &exitCode);
void addInspectVerb(CLI::App &app, CommonOptions &common, int &exitCode);
void addTokenizeVerb(CLI::App &app, CommonOptions &common, int &exitCode);

/// inspect for a package.
int inspectPackage(const terrazzo::exec::PackageFile &file,
                   const CommonOptions &common);
