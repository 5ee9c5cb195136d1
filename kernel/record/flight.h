// A report on a process (report.h) as text for a terminal.
#ifndef FAULTLINE_KERNEL_RECORD_FLIGHT_H_
#define FAULTLINE_KERNEL_RECORD_FLIGHT_H_

#include <string>

namespace faultline::kernel {

// `report`: the JSON that SnapshotReport or PostmortemReport made. `why`: the first line.
std::string FlightText(const std::string& report, const std::string& why);

}  // namespace faultline::kernel

#endif  // FAULTLINE_KERNEL_RECORD_FLIGHT_H_
