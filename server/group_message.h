// GUID groups and generators as the API shows them, and as the engine knows them.
#pragma once

#include "absl/status/statusor.h"
#include "mintmark/v1/admin_service.pb.h"
#include "mintmark/v1/types.pb.h"
#include "src/engine/rows.h"

namespace mintmark::server {

// The settings that a request to create a group asks for, its name apart.
// GROUP_INVALID when they contradict each other or a limit.
absl::StatusOr<engine::GroupSettings> ReadGroupSettings(const v1::CreateGuidGroupRequest& request);

void WriteGroup(const engine::GroupRow& row, v1::GuidGroup& group);
void WriteGenerator(const std::string& group, const engine::GeneratorRow& row,
                    v1::Generator& generator);

}  // namespace mintmark::server
