#include "kernel/model/bsd/errors.h"

#include <errno.h>
#include <signal.h>

#include "kernel/model/bsd.h"

namespace faultline::kernel::model {
namespace {

// Below 35 the two have the same numbers, but for EDEADLK's (11), which is EAGAIN's on Linux.
constexpr NumberPair kErrors[] = {
    {EAGAIN, bsd::kEAGAIN},
    {EDEADLK, bsd::kEDEADLK},
    {ENAMETOOLONG, bsd::kENAMETOOLONG},
    {ENOLCK, bsd::kENOLCK},
    {ENOSYS, bsd::kENOSYS},
    {ENOTEMPTY, bsd::kENOTEMPTY},
    {ELOOP, bsd::kELOOP},
    {ENOMSG, bsd::kENOMSG},
    {EIDRM, bsd::kEIDRM},
    {EOVERFLOW, bsd::kEOVERFLOW},
    {EUSERS, bsd::kEUSERS},
    {ENOTSOCK, bsd::kENOTSOCK},
    {EDESTADDRREQ, bsd::kEDESTADDRREQ},
    {EMSGSIZE, bsd::kEMSGSIZE},
    {EPROTOTYPE, bsd::kEPROTOTYPE},
    {ENOPROTOOPT, bsd::kENOPROTOOPT},
    {EPROTONOSUPPORT, bsd::kEPROTONOSUPPORT},
    {ESOCKTNOSUPPORT, bsd::kESOCKTNOSUPPORT},
    {EOPNOTSUPP, bsd::kEOPNOTSUPP},
    {EPFNOSUPPORT, bsd::kEPFNOSUPPORT},
    {EAFNOSUPPORT, bsd::kEAFNOSUPPORT},
    {EADDRINUSE, bsd::kEADDRINUSE},
    {EADDRNOTAVAIL, bsd::kEADDRNOTAVAIL},
    {ENETDOWN, bsd::kENETDOWN},
    {ENETUNREACH, bsd::kENETUNREACH},
    {ENETRESET, bsd::kENETRESET},
    {ECONNABORTED, bsd::kECONNABORTED},
    {ECONNRESET, bsd::kECONNRESET},
    {ENOBUFS, bsd::kENOBUFS},
    {EISCONN, bsd::kEISCONN},
    {ENOTCONN, bsd::kENOTCONN},
    {ESHUTDOWN, bsd::kESHUTDOWN},
    {ETOOMANYREFS, bsd::kETOOMANYREFS},
    {ETIMEDOUT, bsd::kETIMEDOUT},
    {ECONNREFUSED, bsd::kECONNREFUSED},
    {EHOSTDOWN, bsd::kEHOSTDOWN},
    {EHOSTUNREACH, bsd::kEHOSTUNREACH},
    {EALREADY, bsd::kEALREADY},
    {EINPROGRESS, bsd::kEINPROGRESS},
    {ESTALE, bsd::kESTALE},
    {EDQUOT, bsd::kEDQUOT},
};

constexpr NumberPair kSignals[] = {
    {SIGHUP, bsd::kSIGHUP},       {SIGINT, bsd::kSIGINT},   {SIGQUIT, bsd::kSIGQUIT},
    {SIGILL, bsd::kSIGILL},       {SIGTRAP, bsd::kSIGTRAP}, {SIGABRT, bsd::kSIGABRT},
    {SIGFPE, bsd::kSIGFPE},       {SIGKILL, bsd::kSIGKILL}, {SIGBUS, bsd::kSIGBUS},
    {SIGSEGV, bsd::kSIGSEGV},     {SIGSYS, bsd::kSIGSYS},   {SIGPIPE, bsd::kSIGPIPE},
    {SIGALRM, bsd::kSIGALRM},     {SIGTERM, bsd::kSIGTERM}, {SIGURG, bsd::kSIGURG},
    {SIGSTOP, bsd::kSIGSTOP},     {SIGTSTP, bsd::kSIGTSTP}, {SIGCONT, bsd::kSIGCONT},
    {SIGCHLD, bsd::kSIGCHLD},     {SIGTTIN, bsd::kSIGTTIN}, {SIGTTOU, bsd::kSIGTTOU},
    {SIGIO, bsd::kSIGIO},         {SIGXCPU, bsd::kSIGXCPU}, {SIGXFSZ, bsd::kSIGXFSZ},
    {SIGVTALRM, bsd::kSIGVTALRM}, {SIGPROF, bsd::kSIGPROF}, {SIGWINCH, bsd::kSIGWINCH},
    {SIGUSR1, bsd::kSIGUSR1},     {SIGUSR2, bsd::kSIGUSR2},
};

}  // namespace

int ErrorFromHost(int error, std::span<const NumberPair> own) {
  for (const NumberPair& each : own)
    if (each.host == error) return each.guest;
  for (const NumberPair& each : kErrors)
    if (each.host == error) return each.guest;
  return error < EDEADLK ? error : static_cast<int>(bsd::kEINVAL);
}

int SignalFromHost(int host) {
  for (const NumberPair& each : kSignals)
    if (each.host == host) return each.guest;
  return 0;
}

int SignalToHost(int signal) {
  for (const NumberPair& each : kSignals)
    if (each.guest == signal) return each.host;
  return SIGKILL;
}

}  // namespace faultline::kernel::model
