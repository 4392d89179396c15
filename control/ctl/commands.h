// The commands of mosaicctl. Each function adds one, with its flags and help,
// to its parent; where the command line names it, parsing sets
// Session::command.
//
// Ownership   Both arguments outlive the parsing and the command.

#pragma once

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "control/ctl/session.h"

namespace mosaic::ctl {

// get, and below it:
CLI::App& AddGet(CLI::App& app, Session& session);
void AddGetMonitors(CLI::App& get, Session& session);
void AddGetNfs(CLI::App& get, Session& session);
void AddGetConfig(CLI::App& get, Session& session);
void AddGetFlows(CLI::App& get, Session& session);
void AddGetCores(CLI::App& get, Session& session);
void AddGetPorts(CLI::App& get, Session& session);

void AddDescribe(CLI::App& app, Session& session);
void AddCreate(CLI::App& app, Session& session);
void AddUpdate(CLI::App& app, Session& session);
void AddDelete(CLI::App& app, Session& session);
void AddApply(CLI::App& app, Session& session);
void AddExport(CLI::App& app, Session& session);
void AddObserve(CLI::App& app, Session& session);
void AddTop(CLI::App& app, Session& session);
void AddStatus(CLI::App& app, Session& session);
void AddHealth(CLI::App& app, Session& session);
void AddStats(CLI::App& app, Session& session);
void AddDrain(CLI::App& app, Session& session);
void AddUndrain(CLI::App& app, Session& session);
void AddLog(CLI::App& app, Session& session);
void AddFilter(CLI::App& app, Session& session);
void AddCompletion(CLI::App& app, Session& session);
void AddVersion(CLI::App& app, Session& session);

}  // namespace mosaic::ctl
