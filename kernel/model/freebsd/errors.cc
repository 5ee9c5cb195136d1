#include "kernel/model/freebsd/errors.h"

#include <errno.h>

#include "kernel/model/bsd/errors.h"
#include "kernel/model/freebsd/freebsd.h"

namespace faultline::kernel::model::freebsd {
namespace {

constexpr NumberPair kOwnErrors[] = {
    {ENODATA, common::kENOATTR},
    {EILSEQ, common::kEILSEQ},
    {EBADMSG, common::kEBADMSG},
    {EMULTIHOP, common::kEMULTIHOP},
    {ENOLINK, common::kENOLINK},
    {EPROTO, common::kEPROTO},
    {ECANCELED, common::kECANCELED},
    {EOWNERDEAD, common::kEOWNERDEAD},
    {ENOTRECOVERABLE, common::kENOTRECOVERABLE},
};

}  // namespace

int ErrorFromHost(int error) { return model::ErrorFromHost(error, kOwnErrors); }

int FreeBsd::SignalFromHost(int host) const { return model::SignalFromHost(host); }
int FreeBsd::SignalToHost(int signal) const { return model::SignalToHost(signal); }

}  // namespace faultline::kernel::model::freebsd
